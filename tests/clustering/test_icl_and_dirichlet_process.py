"""ICL and the Dirichlet process: hand values, planted clusters, scikit-learn."""

import numpy as np
import pytest
from sklearn.mixture import BayesianGaussianMixture

from atelier.clustering.colours import cluster_colours, colour_metrics
from atelier.clustering.dirichlet_process import fit_dirichlet_process
from atelier.clustering.figures import colour_clusters_figure
from atelier.clustering.information_criteria import (
    bayesian_information_criterion,
    integrated_completed_likelihood,
)
from atelier.clustering.mixture import fit_mixture
from atelier.clustering.params import ColourParams

PARAMS = ColourParams(
    shrink=1,
    position=0,
    components=(1, 2, 3, 4, 5, 6),
    covariance="full",
    concentration=None,
    restarts=3,
    tol=1e-6,
    seed=0,
)
MEANS = np.array([[0.0, 0.0], [12.0, 0.0], [0.0, 12.0]])


def planted(n=600, seed=0):
    rng = np.random.default_rng(seed)
    return MEANS[rng.integers(3, size=n)] + rng.normal(size=(n, 2))


def test_icl_adds_twice_the_entropy_by_hand():
    even = np.full((4, 2), 0.5)
    assert integrated_completed_likelihood(1.0, even, np.ones(4)) == pytest.approx(
        1 + 8 * np.log(2)
    )
    assert integrated_completed_likelihood(1.0, np.eye(2), np.ones(2)) == 1.0
    thrice = integrated_completed_likelihood(1.0, np.full((1, 4), 0.25), np.array([3]))
    assert thrice == pytest.approx(1 + 6 * np.log(4))


def criteria(points, numbers):
    """BIC and ICL of each number of components."""
    rows = []
    for number in numbers:
        fit = fit_mixture(points, number, restarts=5)
        bic = bayesian_information_criterion(fit.log_likelihood, len(points), number, 2, "full")
        shares = fit.responsibilities(points)
        rows.append((bic, integrated_completed_likelihood(bic, shares, np.ones(len(points)))))
    return np.array(rows).T


def test_icl_is_never_below_bic_and_equal_to_it_for_clusters_far_apart():
    bic, icl = criteria(planted(), (1, 3))
    assert (icl >= bic).all()
    assert icl == pytest.approx(bic, rel=1e-6)


def test_icl_counts_overlapping_gaussians_as_one_cluster_where_bic_counts_two():
    """Biernacki, Celeux & Govaert (2000): the BIC counts Gaussians, the ICL clusters."""
    rng = np.random.default_rng(0)
    near = rng.normal(np.where(np.arange(1000)[:, None] % 2, [1.5, 0], [-1.5, 0]))
    far = rng.normal([25, 0], 1, (300, 2))
    bic, icl = criteria(np.concatenate([near, far]), (1, 2, 3, 4))
    assert bic.argmin() == 2
    assert icl.argmin() == 1


@pytest.mark.parametrize("covariance", ["full", "tied", "diagonal", "spherical"])
def test_a_dirichlet_process_keeps_the_planted_clusters_of_many_as_scikit_learn(covariance):
    points = planted()
    fit = fit_dirichlet_process(points, 10, concentration=0.01, covariance=covariance)
    assert len(fit.weights) == 3
    assert fit.weights.sum() == pytest.approx(1)
    assert fit.covariances.shape == (3, 2, 2)
    order, truth = np.lexsort(fit.means.round().T), np.lexsort(MEANS.T)
    np.testing.assert_allclose(fit.means[order], MEANS[truth], atol=0.3)
    form = {"diagonal": "diag"}.get(covariance, covariance)
    peer = BayesianGaussianMixture(
        n_components=10, covariance_type=form, weight_concentration_prior=0.01, tol=1e-4,
        max_iter=1000, random_state=0,
    ).fit(points)  # fmt: skip
    shares = peer.predict_proba(points)
    assert len(np.unique(shares.argmax(axis=1))) == 3
    labels = peer.predict(points)
    assert all(len(set(labels[fit.predict(points) == k])) == 1 for k in range(3))


def test_a_point_counts_as_often_as_its_weight():
    points = np.unique(planted(200).round(), axis=0)
    counts = np.arange(len(points)) % 3
    weighted = fit_dirichlet_process(points, 6, concentration=1.0, sample_weight=counts)
    repeated = fit_dirichlet_process(np.repeat(points, counts, axis=0), 6, concentration=1.0)
    np.testing.assert_allclose(weighted.means, repeated.means)
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood)


def test_colours_by_a_dirichlet_process_report_the_components_that_carry_pixels():
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], 200).reshape(20, 30)
    palette = np.array([[200, 60, 30], [40, 90, 180], [20, 200, 40]])
    picture = np.clip(rng.normal(palette[truth], 6), 0, 255).astype(np.uint8)
    clusters = cluster_colours(picture, PARAMS.model_copy(update={"concentration": 0.01}))
    assert clusters.table["components"].tolist() == [3]
    assert len(set(zip(truth.ravel().tolist(), clusters.labels.ravel().tolist(), strict=True))) == 3
    by_bic = cluster_colours(picture, PARAMS)
    assert colour_metrics(by_bic)["components"] == colour_metrics(by_bic)["components_by_icl"] == 3
    figure = colour_clusters_figure(picture, by_bic, title="")
    (panel,) = (axes for axes in figure.axes if axes.get_legend())
    drawn = {line.get_label(): line.get_ydata() for line in panel.lines}
    np.testing.assert_allclose(drawn["ICL"] * 1e3, by_bic.table["icl"])
    np.testing.assert_allclose(drawn["BIC"] * 1e3, by_bic.table["bic"])
    assert (by_bic.table["icl"] >= by_bic.table["bic"]).all()


REFUSED_BY_THE_PROCESS = {
    "NaN": ([[0.0], [np.nan]], {}, "finite points"),
    "three axes": (np.zeros((2, 2, 2)), {}, "points, \\(n, d\\)"),
    "fewer points than components": ([[0.0]], {}, "components=2, 1 points"),
    "a negative concentration": ([[0.0], [1.0]], {"concentration": -1}, "above 0. Received: -1"),
    "half a point": ([[0.0], [1.0]], {"sample_weight": [1, 0.5]}, "integer weights"),
}


@pytest.mark.parametrize("name", REFUSED_BY_THE_PROCESS)
def test_the_process_refuses_in_words(name):
    points, options, words = REFUSED_BY_THE_PROCESS[name]
    with pytest.raises(ValueError, match=words):
        fit_dirichlet_process(points, 2, **{"concentration": 1.0} | options)


def test_the_process_takes_lists_and_points_of_one_dimension():
    points = np.repeat([0.0, 1.0, 20.0, 21.0], 10)
    flat = fit_dirichlet_process(points.tolist(), 2, concentration=0.01)
    column = fit_dirichlet_process(points[:, None], 2, concentration=0.01)
    np.testing.assert_array_equal(flat.means, column.means)
    assert sorted(flat.means.ravel()) == pytest.approx([0.5, 20.5], abs=0.5)

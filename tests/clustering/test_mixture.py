import warnings

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture

from atelier.clustering.colours import cluster_colours
from atelier.clustering.experiments import (
    initialisation_table,
    sample_gaussian_clusters,
    share_reaching_best,
)
from atelier.clustering.information_criteria import (
    bayesian_information_criterion,
    parameter_count,
)
from atelier.clustering.mixture import em_steps, fit_mixture
from atelier.clustering.params import ColourParams, PlaneParams

IRIS = load_iris().data
SCIKIT = {"full": "full", "tied": "tied", "diagonal": "diag", "spherical": "spherical"}


@pytest.mark.parametrize(
    ("components", "covariance", "log_likelihood"),
    [
        (1, "full", -379.9146301),
        (2, "tied", -296.447575),
        (2, "diagonal", -386.185347),
        (2, "full", -214.354704),
        (3, "full", -180.185477),
    ],
)
def test_reaches_the_published_optimum_on_iris(components, covariance, log_likelihood):
    fit = fit_mixture(IRIS, components, covariance=covariance, restarts=10, tol=1e-9)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=2e-5)
    assert fit.converged
    assert not fit.floored


@pytest.mark.parametrize("covariance", SCIKIT)
@pytest.mark.parametrize("seed", range(3))
def test_equals_scikit_learn_from_the_same_means(covariance, seed):
    rng = np.random.default_rng(seed)
    means = np.array([[0.0, 0.0, 0.0], [6.0, 1.0, 0.0], [0.0, -5.0, 4.0]])
    points = rng.normal(means[rng.integers(3, size=900)], rng.uniform(0.5, 1.5, 3))
    theirs = GaussianMixture(
        3,
        covariance_type=SCIKIT[covariance],
        means_init=means,
        tol=1e-12,
        max_iter=500,
        reg_covar=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(points)
    ours = fit_mixture(points, 3, covariance=covariance, init=means, tol=1e-13)
    assert ours.log_likelihood == pytest.approx(theirs.score(points) * len(points), abs=1e-5)
    assert np.allclose(ours.means, theirs.means_, atol=1e-4)
    assert np.allclose(ours.responsibilities(points), theirs.predict_proba(points), atol=1e-5)
    assert np.array_equal(ours.predict(points), theirs.predict(points))


def test_the_likelihood_is_that_of_the_densities():
    fit = fit_mixture(IRIS, 3, seed=1)
    parts = [
        weight * multivariate_normal(mean, covariance).pdf(IRIS)
        for weight, mean, covariance in zip(fit.weights, fit.means, fit.covariances, strict=True)
    ]
    density = np.sum(parts, axis=0)
    assert fit.log_likelihood == pytest.approx(np.log(density).sum())
    assert np.allclose(fit.score_samples(IRIS), np.log(density))
    assert np.allclose(fit.responsibilities(IRIS), np.transpose(parts / density))


@pytest.mark.parametrize("covariance", SCIKIT)
@pytest.mark.parametrize("init", ["random", "k-means++"])
def test_the_likelihood_never_falls(covariance, init):
    for seed in range(5):
        fit = fit_mixture(IRIS, 4, covariance=covariance, init=init, seed=seed)
        gains = np.diff(fit.history)
        assert fit.floored or (gains >= -1e-9 * abs(fit.log_likelihood)).all()


def test_a_weight_counts_a_point_that_often():
    counts = np.random.default_rng(0).integers(0, 4, len(IRIS))
    weighted = fit_mixture(IRIS, 2, init=IRIS[[0, 100]], sample_weight=counts, tol=1e-12)
    repeated = fit_mixture(np.repeat(IRIS, counts, axis=0), 2, init=IRIS[[0, 100]], tol=1e-12)
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood)
    assert np.allclose(weighted.covariances, repeated.covariances)


def test_moving_and_stretching_all_points_changes_nothing_but_the_units():
    start = IRIS[[0, 60, 120]]
    plain = fit_mixture(IRIS, 3, init=start, tol=1e-12)
    moved = fit_mixture(IRIS * 1e-3 + 1e4, 3, init=start * 1e-3 + 1e4, tol=1e-12)
    assert np.allclose(moved.means, plain.means * 1e-3 + 1e4, rtol=0, atol=1e-8)
    shift = IRIS.size * np.log(1e3)
    assert moved.log_likelihood == pytest.approx(plain.log_likelihood + shift, abs=1e-3)


def test_float32_gives_the_same_optimum_in_its_own_kind():
    fit = fit_mixture(IRIS.astype(np.float32), 2, restarts=3, tol=1e-9)
    assert fit.means.dtype == np.float32
    assert fit.log_likelihood == pytest.approx(-214.354704, abs=1e-3)


def test_one_dimension_may_come_as_a_line():
    line = np.concatenate([np.full(30, 1.0), np.full(10, 5.0)]) + np.linspace(0, 0.1, 40)
    fit = fit_mixture(line, 2)
    assert np.allclose(sorted(fit.weights), [0.25, 0.75])


def test_a_component_on_one_point_meets_the_floor_and_says_so(caplog):
    points = np.concatenate([np.random.default_rng(0).normal(0, 1, (50, 2)), np.full((5, 2), 9.0)])
    fit = fit_mixture(points, 2, init=np.array([[0.0, 0.0], [9.0, 9.0]]))
    assert fit.floored
    assert "variance floor" in caplog.text
    assert np.linalg.eigvalsh(fit.covariances).min() > 0


def test_equal_points_are_no_error():
    fit = fit_mixture(np.ones((10, 2)), 1)
    assert fit.floored
    assert np.allclose(fit.means, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"components": 0}, "one component"),
        ({"components": 151}, "150 points"),
        ({"covariance": "round"}, "covariance in"),
        ({"init": "best"}, "init random"),
        ({"init": np.zeros((2, 3))}, "means of"),
        ({"restarts": 0}, "from 1"),
        ({"sample_weight": np.ones(3)}, "one weight"),
        ({"points": np.array([[np.nan, 1.0]])}, "finite"),
    ],
)
def test_bad_input_is_refused_with_what_came(change, message):
    arguments = {"points": IRIS, "components": 2} | change
    with pytest.raises(ValueError, match=message):
        fit_mixture(**arguments)


def test_steps_are_the_way_of_the_fit():
    start = IRIS[[0, 60, 120]]
    walk = em_steps(IRIS, start, iterations=5)
    assert np.array_equal(walk[0].means, start) or np.allclose(walk[0].means, start)
    fit = fit_mixture(IRIS, 3, init=start, max_iter=5, tol=0)
    assert [step.log_likelihood for step in walk] == pytest.approx(list(fit.history))


def test_parameters_are_counted_as_by_scikit_learn():
    for covariance, theirs in SCIKIT.items():
        peer = GaussianMixture(3, covariance_type=theirs, random_state=0).fit(IRIS)
        assert parameter_count(3, 4, covariance) == peer._n_parameters()
        total = peer.score(IRIS) * len(IRIS)
        ours = bayesian_information_criterion(total, len(IRIS), 3, 4, covariance)
        assert ours == pytest.approx(peer.bic(IRIS))


def test_far_planted_clusters_are_found_from_every_good_start():
    params = PlaneParams(points=300, components=3, distance=12.0, shown=(0, 1), starts=4, seed=0)
    cloud = sample_gaussian_clusters(params)
    fit = fit_mixture(cloud.points, 3, restarts=3)
    pairs = set(zip(cloud.truth.tolist(), fit.predict(cloud.points).tolist(), strict=True))
    assert len(pairs) == 3
    shares = share_reaching_best(initialisation_table(cloud.points, 3, count=4, seed=0))
    assert set(shares) == {"random", "k-means++"}
    assert shares["k-means++"] > 0


def test_a_picture_of_three_colours_has_three_components_by_bic():
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(3), 12)[:, None].repeat(40, axis=1)  # (36, 40)
    colours = np.array([[200, 30, 30], [30, 200, 30], [30, 30, 200]])
    noisy = np.clip(rng.normal(colours[truth], 6), 0, 255).astype(np.uint8)
    params = ColourParams(
        shrink=1,
        position=0,
        components=(1, 2, 3, 4),
        covariance="full",
        concentration=None,
        restarts=3,
        tol=1e-6,
        seed=0,
    )
    clusters = cluster_colours(noisy, params)
    assert clusters.table.loc[clusters.table["bic"].idxmin(), "components"] == 3
    assert len(set(zip(truth.ravel().tolist(), clusters.labels.ravel().tolist(), strict=True))) == 3
    assert clusters.entropy.max() < 0.01

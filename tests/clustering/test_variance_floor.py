"""When a Gaussian has collapsed: laws of units, planted clusters, scikit-learn, hand values."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from atelier.clustering.mixture import fit_mixture

FORMS = ("full", "tied", "diagonal", "spherical")
CENTRES = np.array([[0.0, 0.0], [8.0, 1.0], [1.0, 9.0]])


def three_clusters(seed=0, n=600):
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=n)
    return rng.normal(CENTRES[truth]), truth


@pytest.mark.parametrize("apart", [1e4, 1e7, 1e10, 1e12])
@pytest.mark.parametrize("covariance", FORMS)
def test_two_triples_have_the_variance_of_a_triple_however_far_apart(apart, covariance):
    fit = fit_mixture(np.array([0, 1, 2, apart, apart + 1, apart + 2]), 2, covariance=covariance)
    assert fit.covariances.ravel() == pytest.approx([2 / 3, 2 / 3], rel=1e-3)
    assert sorted(fit.means.ravel()) == pytest.approx([1, apart + 1])
    assert not fit.floored


@pytest.mark.parametrize("covariance", ["full", "tied", "diagonal"])
@pytest.mark.parametrize("factors", [(1e4, 1), (1, 1e-8), (1e8, 1e-8)])
@pytest.mark.parametrize("init", ["k-means++", "means"])
def test_the_units_of_an_axis_change_nothing_but_the_units(covariance, factors, init):
    points, _ = three_clusters()
    unit = np.array(factors)
    units = {"init": CENTRES} if init == "means" else {"restarts": 4}
    plain = fit_mixture(points, 3, covariance=covariance, tol=1e-9, **units)
    units = {"init": CENTRES * unit} if init == "means" else {"restarts": 4}
    scaled = fit_mixture(points * unit, 3, covariance=covariance, tol=1e-9, **units)
    assert not scaled.floored
    order, permuted = plain.means[:, 0].argsort(), scaled.means[:, 0].argsort()
    np.testing.assert_allclose(scaled.means[permuted] / unit, plain.means[order], atol=1e-4)
    shapes = scaled.covariances[permuted] / np.multiply.outer(unit, unit)
    np.testing.assert_allclose(shapes, plain.covariances[order], atol=1e-3)
    shift = len(points) * np.log(unit).sum()
    assert scaled.log_likelihood + shift == pytest.approx(plain.log_likelihood, abs=1e-3)


def test_a_stretched_axis_is_no_collapse_as_scikit_learn_has_it():
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], 500)
    points = rng.normal(np.array([[0.0, 0.0], [0.0, 6.0]])[truth]) * [1e4, 1]
    means = np.array([[0.0, 0.0], [0.0, 6.0]])
    theirs = GaussianMixture(2, means_init=means, tol=1e-9, max_iter=500, random_state=0)
    theirs.fit(points / [1e4, 1])
    fit = fit_mixture(points, 2, init=means, tol=1e-10)
    assert not fit.floored
    assert (fit.predict(points) == truth).mean() > 0.99
    expected = theirs.predict_proba(points / [1e4, 1])
    np.testing.assert_allclose(fit.responsibilities(points), expected, atol=1e-3)


@pytest.mark.parametrize("covariance", FORMS)
@pytest.mark.parametrize("offset", [1e6, 1e9])
def test_a_large_offset_changes_nothing_but_the_means(covariance, offset):
    points, _ = three_clusters()
    points = np.round(points * 2**10) / 2**10  # exact beside the offset
    plain = fit_mixture(points, 3, covariance=covariance, init=CENTRES, tol=1e-9)
    moved = fit_mixture(points + offset, 3, covariance=covariance, init=CENTRES + offset, tol=1e-9)
    np.testing.assert_allclose(moved.covariances, plain.covariances, rtol=1e-5, atol=1e-6)
    assert moved.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-4)
    assert not moved.floored


@pytest.mark.parametrize("covariance", ["full", "diagonal", "spherical"])
@pytest.mark.parametrize("apart", [1e5, 1e8])
def test_narrow_and_wide_clusters_far_apart_keep_their_widths(covariance, apart):
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 1, 2], 200)
    widths = np.array([1e-3, 1.0, 1e3])
    means = np.array([[0, 0], [apart, 0.3 * apart], [-0.2 * apart, apart]])
    points = means[truth] + rng.normal(size=(600, 2)) * widths[truth][:, None]
    fit = fit_mixture(points, 3, covariance=covariance, init=means)
    assert not fit.floored
    for kind in range(3):
        members = points[truth == kind]
        deviations = np.sqrt(np.diag(fit.covariances[kind]))
        expected = members.std(axis=0)
        if covariance == "spherical":
            expected = np.full(2, np.sqrt(np.mean(expected**2)))
        np.testing.assert_allclose(deviations, expected, rtol=1e-3)
        assert fit.weights[kind] == pytest.approx(1 / 3)


@pytest.mark.parametrize("length", [1e3, 1e5])
@pytest.mark.parametrize("covariance", ["full", "tied"])
def test_thin_clusters_at_an_angle_are_no_collapse(length, covariance):
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], 400)
    upright = rng.normal(size=(800, 2)) * [length, 1] + np.outer(truth, [0, 8])
    turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    means = np.array([[0.0, 0.0], [0.0, 8.0]])
    fit = fit_mixture(upright @ turn.T, 2, covariance=covariance, init=means @ turn.T)
    assert not fit.floored
    assert (fit.predict(upright @ turn.T) == truth).mean() > 0.99
    thin = np.linalg.eigvalsh(fit.covariances)[:, 0]
    np.testing.assert_allclose(thin, 1, atol=0.2)


@pytest.mark.parametrize("covariance", ["full", "diagonal", "spherical"])
@pytest.mark.parametrize("value", [0.0, 0.1, 9.0, 1e6])
def test_a_repeated_point_collapses_its_component_alone(covariance, value, caplog):
    cloud = np.random.default_rng(0).normal([20.0, 0.0], 1, (50, 2))
    points = np.concatenate([cloud, np.full((20, 2), value)])
    means = np.array([[20.0, 0.0], [value, value]])
    fit = fit_mixture(points, 2, covariance=covariance, init=means)
    assert fit.floored
    assert "variance floor" in caplog.text
    assert np.isfinite(fit.score_samples(points)).all()
    assert fit.score_samples(points).sum() == pytest.approx(fit.log_likelihood, rel=1e-6)
    np.testing.assert_allclose(fit.responsibilities(points).sum(axis=1), 1)
    np.testing.assert_allclose(fit.means[1], value, rtol=1e-12, atol=1e-12)
    assert fit.weights[1] == pytest.approx(20 / 70)
    variances = np.diag(fit.covariances[0])
    assert variances.mean() == pytest.approx(cloud.var(axis=0).mean(), rel=1e-6)
    assert 0 < np.diag(fit.covariances[1]).max() < 1e-6


@pytest.mark.parametrize("share", [0.5, 0.01, 0.001])
def test_two_values_are_enough_for_a_variance(share):
    pixels = np.zeros((2000, 2), np.uint8)
    pixels[: int(2000 * share), 0] = 1
    pixels[:, 1] = np.arange(2000) % 251
    fit = fit_mixture(pixels, 1, covariance="diagonal")
    assert not fit.floored
    assert fit.covariances[0, 0, 0] == pytest.approx(share * (1 - share))


LINE = np.concatenate([np.random.default_rng(4).normal(m, s, 200) for m, s in ((0, 1), (20, 4))])


@pytest.mark.parametrize(
    "points",
    [
        np.column_stack([LINE, 2 * LINE + 1]),
        np.column_stack([LINE, LINE / 3, -LINE / 7]),
        np.column_stack([LINE, np.full(len(LINE), 0.1)]),
        np.column_stack([LINE, 2 * LINE + 1]).astype(np.float32),
    ],
    ids=["line", "line in space", "constant axis", "float32"],
)
def test_redundant_axes_are_told_and_change_no_responsibility(points, caplog):
    alone = fit_mixture(LINE, 2, restarts=2, tol=1e-10)
    fit = fit_mixture(points, 2, restarts=2, tol=1e-10)
    assert fit.floored
    assert "no variance in a direction" in caplog.text
    assert not alone.floored
    order, permuted = alone.means[:, 0].argsort(), fit.means[:, 0].argsort()
    np.testing.assert_allclose(fit.weights[permuted], alone.weights[order], atol=1e-4)
    np.testing.assert_allclose(fit.means[permuted, 0], alone.means[order, 0], atol=1e-3)
    responsibilities = fit.responsibilities(points)[:, permuted]
    np.testing.assert_allclose(responsibilities, alone.responsibilities(LINE)[:, order], atol=2e-2)
    assert np.linalg.eigvalsh(fit.covariances.astype(np.float64)).min() > 0


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("covariance", FORMS)
def test_extreme_units_work_or_are_refused_in_words(kind, covariance):
    points, truth = three_clusters()
    works = {np.float64: (1e150, 1e-149), np.float32: (1e15, 1e-15)}[kind]
    for factor in works:
        fit = fit_mixture((points * factor).astype(kind), 3, covariance=covariance, restarts=3)
        deviation = np.sqrt(np.diagonal(fit.covariances.astype(np.float64), axis1=1, axis2=2))
        np.testing.assert_allclose(deviation / factor, 1, atol=0.2)
        assert len(set(zip(truth, fit.predict(points * factor), strict=True))) == 3
    for factor in {np.float64: (1e155, 1e300, 1e-160), np.float32: (1e25, 1e-25)}[kind]:
        with pytest.raises(ValueError, match=f"so that {kind.__name__} holds their variances"):
            fit_mixture((points * factor).astype(kind), 3, covariance=covariance)


def test_a_start_far_from_all_points_loses_no_digit_of_the_variance():
    points = np.random.default_rng(0).normal(5, 1e-3, 300)
    fit = fit_mixture(points, 1, init=np.array([[1e9]]))
    assert fit.covariances.item() == pytest.approx(points.var(), rel=1e-6)


def test_points_that_are_not_finite_are_counted():
    with pytest.raises(ValueError, match="2 NaN or infinite"):
        fit_mixture(np.array([[np.nan, 1.0], [2.0, np.inf], [0.0, 0.0]]), 1)

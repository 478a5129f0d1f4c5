"""Where two Gaussians are equally probable: closed forms, a planted histogram, scikit-learn."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.mixture import GaussianMixture as Peer

from atelier.clustering.mixture import GaussianMixture
from atelier.clustering.two_gaussians import (
    decision_boundaries,
    decision_boundary,
    fit_two_gaussians,
)


def two(weights, means, deviations):
    covariances = np.square(deviations)[:, None, None]
    columns = np.array(weights), np.array(means)[:, None], covariances
    return GaussianMixture(*columns, 0.0, np.zeros(1), converged=True, floored=False)


@pytest.mark.parametrize(("weight", "deviation"), [(0.5, 1.0), (0.2, 1.0), (0.7, 2.0)])
def test_with_a_common_variance_it_is_the_midpoint_moved_by_the_odds(weight, deviation):
    # ln w - (x - 2)² / 2s² = ln (1 - w) - (x - 10)² / 2s² at x = 6 + s² ln(w / (1 - w)) / 8
    expected = 6 + deviation**2 * np.log(weight / (1 - weight)) / 8
    for order in (slice(None), slice(None, None, -1)):
        mixture = two([weight, 1 - weight][order], [2.0, 10.0][order], [deviation] * 2)
        assert decision_boundary(mixture) == pytest.approx(expected)


def test_with_two_variances_the_weighted_densities_are_equal_there():
    point = decision_boundary(two([0.3, 0.7], [0.0, 5.0], [1.0, 3.0]))
    assert 0 < point < 5
    assert 0.3 * norm.pdf(point) == pytest.approx(0.7 * norm.pdf(point, 5, 3))


def test_there_is_none_where_one_gaussian_is_the_more_probable_at_both_means():
    covered = two([0.01, 0.99], [0.0, 1.0], [1.0, 3.0])
    assert decision_boundary(covered) is None
    assert decision_boundaries({"covered": covered, "apart": two([0.5, 0.5], [0, 9], [1, 1])}) == {
        "apart": pytest.approx(4.5)
    }


def test_other_mixtures_are_refused():
    with pytest.raises(ValueError, match="two components in one dimension"):
        decision_boundary(two([0.2, 0.3, 0.5], [0.0, 1.0, 2.0], [1.0] * 3))


def test_a_histogram_gives_the_mixtures_of_scikit_learn_on_its_pixels():
    rng = np.random.default_rng(0)
    pixels = np.rint(np.append(rng.normal(60, 8, 700), rng.normal(150, 20, 1300))).astype(int)
    fits = fit_two_gaussians(np.bincount(pixels), np.arange(pixels.max() + 1))
    assert list(fits) == ["full", "tied"]
    for form, fit in fits.items():
        peer = Peer(2, covariance_type=form, tol=1e-8, max_iter=1000, random_state=0)
        peer.fit(pixels[:, None].astype(float))
        ours, theirs = fit.means.ravel().argsort(), peer.means_.ravel().argsort()
        np.testing.assert_allclose(fit.means[ours], peer.means_[theirs], rtol=1e-3)
        np.testing.assert_allclose(fit.weights[ours], peer.weights_[theirs], rtol=1e-2)


def test_many_levels_are_binned_and_a_single_one_has_no_mixture():
    levels = np.linspace(0, 1, 20_001)
    counts = norm.pdf(levels, 0.3, 0.05) + norm.pdf(levels, 0.7, 0.05)
    fits = fit_two_gaussians(counts, levels)
    assert decision_boundaries(fits) == pytest.approx({"full": 0.5, "tied": 0.5}, abs=1e-3)
    assert fit_two_gaussians(np.array([0, 5]), np.array([3, 4])) == {}


def test_a_histogram_may_be_lists_and_is_checked():
    fits = fit_two_gaussians([4, 4, 1, 1], [0, 2, 10, 14])
    assert sorted(fits["full"].means.ravel()) == pytest.approx([1, 12], abs=1e-3)
    with pytest.raises(ValueError, match="levels of real numbers"):
        fit_two_gaussians([4, 4], ["a", "b"])
    with pytest.raises(ValueError, match="Expected"):
        fit_two_gaussians([4, 4, 1], [0, 2])

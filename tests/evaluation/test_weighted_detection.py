"""Detection metrics of weighted samples."""

import numpy as np
import pytest

from atelier.evaluation import (
    bootstrap_weights,
    detection_metrics,
    weighted_detection_metrics,
)


def test_a_weight_counts_like_so_many_equal_samples():
    rng = np.random.default_rng(0)
    inside, outside = rng.integers(0, 9, 40) / 8, rng.integers(0, 6, 30) / 8  # with ties
    weights = rng.integers(0, 4, (150, 40)), rng.integers(0, 4, (150, 30))  # several blocks
    metrics = weighted_detection_metrics(inside, outside, *weights)
    assert metrics.shape == (150, 3)
    for row in (0, 64, 149):
        repeated = detection_metrics(
            np.repeat(inside, weights[0][row]), np.repeat(outside, weights[1][row])
        )
        np.testing.assert_allclose(metrics[row], repeated, rtol=1e-12)


def test_metrics_without_weights_are_those_of_the_samples():
    rng = np.random.default_rng(1)
    inside, outside = rng.normal(1, 1, 300), rng.normal(0, 1, 200)
    ones = np.ones((1, 300), int), np.ones((1, 200), int)
    expected = detection_metrics(inside, outside)
    np.testing.assert_allclose(
        weighted_detection_metrics(inside, outside, *ones)[0], expected, rtol=1e-12
    )


def test_resamples_have_the_variance_of_the_auroc():
    """The AUROC of n and m equal groups at chance varies by (n + m + 1) / (12 n m)."""
    rng = np.random.default_rng(2)
    n, m, draws = 60, 40, 400
    variances = []
    for _ in range(20):
        inside, outside = rng.random(n), rng.random(m)
        weights = bootstrap_weights(n, draws, rng), bootstrap_weights(m, draws, rng)
        variances.append(weighted_detection_metrics(inside, outside, *weights)[:, 0].var())
    assert np.mean(variances) == pytest.approx((n + m + 1) / (12 * n * m), rel=0.15)


def test_each_resample_draws_as_many_as_there_are():
    weights = bootstrap_weights(7, 100, np.random.default_rng(0))
    assert (weights.sum(axis=1) == 7).all()
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.4)


def test_an_empty_group_is_an_error():
    with pytest.raises(ValueError, match="out-of-distribution scores"):
        weighted_detection_metrics(np.ones(2), np.ones(0), np.ones((1, 2)), np.ones((1, 0)))

"""Clopper-Pearson bands of a reliability diagram."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from atelier.evaluation import reliability_bands, reliability_bins


def test_bands_are_scipys_exact_intervals():
    rng = np.random.default_rng(0)
    confidence = np.r_[rng.random(300), np.full(5, 0.95), np.full(4, 0.02)]
    correct = np.r_[rng.random(300) < 0.5, np.ones(5), np.zeros(4)].astype(int)
    bins = reliability_bins(confidence, correct, n_bins=20)
    low, high = reliability_bands(bins, level=0.9)
    for index, count in enumerate(bins.count):
        right = round(float(bins.accuracy[index] * count))
        exact = binomtest(right, count).proportion_ci(0.9, method="exact")
        assert (low[index], high[index]) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_a_band_holds_the_probability_as_often_as_it_says():
    """The law of Clopper and Pearson: coverage ≥ level for every probability, summed exactly."""
    n = 12
    bands = [
        reliability_bands(reliability_bins(np.full(n, 0.5), np.arange(n) < right, n_bins=1))
        for right in range(n + 1)
    ]
    low, high = (np.array([band[end][0] for band in bands]) for end in (0, 1))
    for probability in (0.01, 0.1, 0.37, 0.5, 0.93):
        holds = (low <= probability) & (probability <= high)
        assert binom.pmf(np.arange(n + 1), n, probability)[holds].sum() >= 0.95


def test_an_empty_bin_has_no_band_and_a_level_outside_0_to_1_is_refused():
    bins = reliability_bins(np.array([0.1]), np.array([0]), n_bins=2)
    low, high = reliability_bands(bins)
    assert np.isnan([low[1], high[1]]).all()
    assert low[0] == 0
    assert high[0] == pytest.approx(0.975)
    with pytest.raises(ValueError, match="level"):
        reliability_bands(bins, level=95)

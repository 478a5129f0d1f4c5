"""Counts, bins and ties that no last bit of a float decides."""

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atelier.calibration.binning import (
    TIE,
    HistogramBinning,
    IsotonicRegression,
    integer_cube_root,
    merge_ties,
)
from atelier.evaluation import (
    adaptive_calibration_error,
    classwise_calibration_error,
    detection_metrics,
    reliability_bins,
)
from atelier.evaluation.reliability import equal_mass_edges


@given(st.integers(0, 10**7), st.integers(-1, 1))
def test_cube_roots_are_exact_beside_every_cube(root, shift):
    number = max(root**3 + shift, 0)
    found = integer_cube_root(number)
    assert found**3 <= number < (found + 1) ** 3


@given(st.integers(1, 300), st.integers(1, 120))
def test_bins_of_equal_mass_hold_the_shares_of_exact_fractions(n, n_bins):
    values = np.arange(n) / n
    ends = [ceil(Fraction(n * index, n_bins)) for index in range(1, n_bins + 1)]
    edges = equal_mass_edges(values, n_bins)
    np.testing.assert_array_equal(edges, values[np.unique(ends)[:-1] - 1])


def test_as_many_bins_as_samples_hold_one_each():
    confidence, outcome = (np.arange(25) + 0.5) / 25, np.arange(25) % 2
    error = adaptive_calibration_error(confidence, outcome, n_bins=25)
    assert error == pytest.approx(np.abs(confidence - outcome).mean())


@pytest.mark.parametrize("precision", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("n_bins", [3, 10, 15])
def test_an_edge_belongs_to_the_bin_below_it_in_every_precision(precision, n_bins):
    edges = (np.arange(1, n_bins + 1) / n_bins).astype(precision)
    bins = reliability_bins(edges, np.ones(n_bins, int), n_bins=n_bins)
    np.testing.assert_array_equal(bins.count, 1)
    # the classwise error of two classes on edges: each sample alone in its bin, p and 1 − p
    probs = np.array([[0.7, 0.3]] * 10, precision)
    error = classwise_calibration_error(probs, np.arange(10) // 7, n_bins=10)
    assert error == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("below", [0.25, 0.3, 0.1])
def test_scores_that_only_rounding_tells_apart_are_equal(below):
    scores = np.array([below * (1 + 1e-12), np.nextafter(below, 1), below, 0.0, 5e-324])
    merged = merge_ties(scores)
    np.testing.assert_array_equal(merged, [scores[0], below, below, 0.0, 5e-324])


@pytest.mark.parametrize("index", range(1, 15))
def test_a_softmax_on_the_edge_of_a_bin_lies_in_the_bin_below(index):
    # 15 bins, p = index / 15; the only sample is elsewhere, so the bin says its middle
    odds = index / (15 - index)
    fitted = HistogramBinning().fit(np.array([[0.0, 9.0]]), np.array([1]))
    found = fitted.transform(np.array([[0.0, np.log(odds)]]))[0, 1]
    assert found == pytest.approx((index - 0.5) / 15)


def test_isotonic_regression_pools_scores_that_only_rounding_tells_apart():
    step = 1 + TIE / 4  # the log-odds of a probability of one half, a bit apart
    logits = np.array([[0.0, 0.0], [0.0, step - 1], [0.0, 3.0]])
    fitted = IsotonicRegression().fit(logits, np.array([0, 1, 1]))
    np.testing.assert_allclose(fitted.transform(logits)[:, 1], [0.5, 0.5, 1])


@pytest.mark.parametrize("n", [20, 40, 60, 100, 140])
def test_the_threshold_that_exactly_95_percent_pass_is_counted_in_integers(n):
    inside = np.arange(n, dtype=float)
    outside = inside[n // 20] - 0.5  # just below the lowest score that 95 % reach
    assert detection_metrics(inside, np.array([outside])).fpr95 == 0
    assert detection_metrics(inside, np.array([outside + 1])).fpr95 == 1

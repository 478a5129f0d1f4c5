"""Tests of calibration: level under the hypothesis, power against it, limits by simulation."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import kstest

from atelier.evaluation import (
    kernel_calibration_test,
    ks_calibration_test,
    kuiper_calibration_test,
)
from atelier.evaluation.calibration_tests import maximum_survival, range_survival


def drawn(rng, n, classes, *, temperature=1.0):
    """Probabilities, and labels drawn from them at a temperature."""
    logits = rng.normal(size=(n, classes)) * 2
    truth = softmax(logits / temperature, axis=1).cumsum(axis=1)
    labels = (truth < rng.random((n, 1))).sum(axis=1).clip(max=classes - 1)
    return softmax(logits, axis=1), labels


def kernel_test(probs, labels):
    return kernel_calibration_test(probs, labels, seed=0, resamples=200, block_rows=60)


TESTS = {
    "ks": (ks_calibration_test, 3000),
    "kuiper": (kuiper_calibration_test, 3000),
    "kernel": (kernel_test, 150),
}


@pytest.mark.parametrize("name", TESTS)
def test_p_values_of_calibrated_probabilities_are_uniform(name):
    test, n = TESTS[name]
    rng = np.random.default_rng(0)
    p_values = np.array([test(*drawn(rng, n, 4)).p_value for _ in range(200)])
    assert kstest(p_values, "uniform").pvalue > 0.01
    assert (p_values <= 0.05).mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.parametrize("name", TESTS)
@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_probabilities_of_another_temperature_than_the_labels_are_found_out(name, temperature):
    test, _ = TESTS[name]
    result = test(*drawn(np.random.default_rng(0), 3000, 4, temperature=temperature))
    assert result.p_value < 0.01
    assert result.statistic > 0


def test_statistics_of_cumulative_differences_by_hand():
    """Differences −0.2, +0.6, −0.7 in order of confidence: sums −0.2, 0.4, −0.3, over 3."""
    confidence, correct = np.array([0.7, 0.2, 0.4]), np.array([0, 0, 1])
    assert ks_calibration_test(confidence, correct).statistic == pytest.approx(0.4 / 3)
    assert kuiper_calibration_test(confidence, correct).statistic == pytest.approx(0.7 / 3)


def test_equal_confidences_have_no_order():
    """One after the other the two samples would leave 0.5 / 2 between them."""
    confidence = np.array([0.5, 0.5])
    for correct in ([0, 1], [1, 0]):
        assert ks_calibration_test(confidence, np.array(correct)) == (0, 1)
        assert kuiper_calibration_test(confidence, np.array(correct)) == (0, 1)


def test_certainty_is_calibrated_only_if_it_is_right():
    sure = np.array([1.0, 0.0, 1.0])
    for test in (ks_calibration_test, kuiper_calibration_test):
        assert test(sure, np.array([1, 0, 1])) == (0, 1)
        assert test(sure, np.array([1, 0, 0])).p_value == 0
    right = kernel_calibration_test(np.eye(3), np.arange(3), seed=0, resamples=9)
    assert right == (0, 1)


def test_limit_distributions_are_those_of_simulated_walks():
    """Mean range of a Brownian motion: √(8/π) (Feller 1951); of |B| its maximum: √(π/2)."""
    x = np.linspace(0, 12, 6001)
    for survival, mean in (
        (range_survival, np.sqrt(8 / np.pi)),
        (maximum_survival, np.sqrt(np.pi / 2)),
    ):
        assert np.trapezoid([survival(value) for value in x], x) == pytest.approx(mean, rel=1e-6)
    # the other series of the maximum's distribution, which converges for small x (Feller 1971)
    odd = 2 * np.arange(50) + 1
    for value in (0.25, 0.7, 1.5, 2.5):
        terms = (-1.0) ** np.arange(50) / odd * np.exp(-((odd * np.pi / value) ** 2) / 8)
        assert maximum_survival(value) == pytest.approx(1 - 4 / np.pi * terms.sum(), abs=1e-12)
    walks = np.random.default_rng(0).normal(size=(2000, 4000)).cumsum(axis=1) / np.sqrt(4000)
    ranges = np.maximum(walks.max(axis=1), 0) - np.minimum(walks.min(axis=1), 0)
    for value in (1.0, 1.5, 2.5):
        assert (ranges > value).mean() == pytest.approx(range_survival(value), abs=0.04)


def test_the_kernel_statistic_is_the_mean_over_pairs_written_out():
    probs, labels = drawn(np.random.default_rng(1), 12, 3)
    unit = np.eye(3)[labels]
    apart = [np.linalg.norm(probs[i] - probs[j]) for i in range(12) for j in range(12) if i != j]
    rows = np.linspace(0, 11, 12).astype(int)
    width = np.median(np.linalg.norm(probs[rows[:6]] - probs[rows[6:]], axis=1))
    inner = [
        (unit[i] - probs[i]) @ (unit[j] - probs[j]) for i in range(12) for j in range(12) if i != j
    ]
    expected = np.mean(np.exp(-np.array(apart) / width) * inner)
    found = kernel_calibration_test(probs, labels, seed=0, resamples=5)
    assert found.statistic == pytest.approx(expected, rel=1e-10)


def test_binary_forecasts_have_the_kernel_statistic_of_two_classes():
    rng = np.random.default_rng(0)
    forecast = rng.random(50)
    outcome = (rng.random(50) < forecast).astype(int)
    both = np.stack([1 - forecast, forecast], axis=1)
    assert kernel_test(forecast, outcome) == kernel_test(both, outcome)


def test_one_row_has_no_pairs():
    with pytest.raises(ValueError, match="2 rows or more"):
        kernel_calibration_test(np.array([[0.5, 0.5]]), np.array([0]), seed=0)

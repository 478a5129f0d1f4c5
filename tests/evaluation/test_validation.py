"""Checks of logits and probabilities, and the measures of two classes in either form."""

import numpy as np
import pytest

from atelier.evaluation import classwise_calibration_error, top_label
from atelier.evaluation.calibration_tests import kernel_calibration_test
from atelier.evaluation.reliability import reliability_bins
from atelier.evaluation.validation import TOLERANCE, checked_logits, checked_probs


def test_one_row_of_logits_is_enough_and_one_column_is_not():
    assert checked_logits(np.zeros((1, 3))).shape == (1, 3)
    with pytest.raises(ValueError, match=r"≥ 2.*Received: \(3, 1\)"):
        checked_logits(np.zeros((3, 1)))
    assert checked_logits(np.zeros((3, 1)), min_columns=1).shape == (3, 1)


def test_rounding_is_cut_off_where_the_event_has_one_probability():
    confidence, outcomes = top_label(np.array([-TOLERANCE / 2, 1 + TOLERANCE / 2]), np.arange(2))
    assert confidence.tolist() == outcomes.tolist() == [0, 1]


@pytest.mark.parametrize("factor", [-1, 1])
def test_rows_may_miss_a_sum_of_one_by_the_tolerance(factor):
    probs = np.full((4, 2), 0.5)
    labels = np.zeros(4, int)
    probs[2, 1] += factor * TOLERANCE * 0.99
    checked_probs(probs, labels)
    probs[2, 1] += factor * TOLERANCE * 0.02
    with pytest.raises(ValueError, match="sum to 1"):
        checked_probs(probs, labels)


def test_the_classwise_error_of_an_event_is_that_of_two_classes(rng):
    event = rng.random(200)
    labels = (rng.random(200) < event**2).astype(int)
    both = np.stack([1 - event, event], axis=1)
    expected = classwise_calibration_error(both, labels)
    assert expected > 0.05
    assert classwise_calibration_error(event, labels) == pytest.approx(expected)


def test_a_diagram_has_fifteen_bins_unless_told_otherwise():
    """As in Guo et al. 2017."""
    probs = (np.arange(150) + 0.5) / 150
    assert reliability_bins(probs, np.zeros(150, int)).count.tolist() == [10] * 15


def test_the_smallest_p_value_is_that_of_a_thousand_draws():
    labels = np.zeros(200, int)
    test = kernel_calibration_test(np.tile([0.01, 0.99], (200, 1)), labels, seed=0)
    assert test.p_value == pytest.approx(1 / 1001)
    assert test.statistic == pytest.approx(2 * 0.99**2)

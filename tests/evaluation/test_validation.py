"""Checks of logits and probabilities, and the measures of two classes in either form."""

import numpy as np
import pytest

from atelier.evaluation import (
    brier_score,
    classification_examples,
    classwise_calibration_error,
    negative_log_likelihood,
    top_label,
    wilson_interval,
)
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


NOT_NUMBERS = {
    "text": np.array([["0.5", "0.5"]]),
    "dates": np.array([[1, 2]], "datetime64[s]"),
    "complex": np.array([[0.5 + 0j, 0.5]]),
    "objects": np.array([[0.5, "half"]], object),
}


@pytest.mark.parametrize("values", NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_what_is_no_number_is_refused(values):
    for measure in (classwise_calibration_error, top_label, negative_log_likelihood, brier_score):
        with pytest.raises(ValueError, match=r"Expected (probs|logits) of real numbers. Received"):
            measure(values, np.array([0]))


@pytest.mark.parametrize("dtype", [object, np.longdouble, ">f4", np.float16])
def test_numbers_of_every_kind_are_taken(dtype):
    probs, labels = np.array([[0.25, 0.75], [0.5, 0.5]]), np.array([1, 0])
    for measure in (classwise_calibration_error, negative_log_likelihood, brier_score):
        assert measure(probs.astype(dtype), labels) == pytest.approx(measure(probs, labels))


def test_examples_of_another_split_are_refused():
    logits = np.zeros((3, 2))
    with pytest.raises(ValueError, match=r"labels of shape \(3,\)"):
        classification_examples(logits, np.zeros(4, int), split="5f2c")
    with pytest.raises(ValueError, match=r"labels in \[0, 2\)"):
        classification_examples(logits, np.array([0, 1, 2]), split="5f2c")
    with pytest.raises(ValueError, match="3 of 6 NaN"):
        classification_examples(np.where([[0, 1]], np.nan, logits), np.zeros(3, int), split="5f2c")


@pytest.mark.parametrize("counts", [(3, 2), (-1, 2), (0, 0)])
def test_impossible_proportions_are_refused(counts):
    with pytest.raises(ValueError, match=r"at least one trial. Received: {} of {}".format(*counts)):
        wilson_interval(*counts)

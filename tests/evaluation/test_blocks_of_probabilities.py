"""Measures that read probabilities in blocks: every type, layout and place of a bad value."""

import numpy as np
import pytest
from scipy.special import softmax

from atelier.evaluation import (
    brier_score,
    classwise_calibration_error,
    expected_calibration_error,
    top_label,
)
from atelier.evaluation.reliability import bin_indices
from atelier.evaluation.validation import BLOCK_VALUES, SEQUENTIAL_BLOCKS, map_blocks

CLASSES = 16
ROWS = (SEQUENTIAL_BLOCKS + 2) * BLOCK_VALUES // CLASSES - 5
"""Several threads share so many rows, and the last block is not full."""
PLACES = [0, ROWS // 2, ROWS - 1]


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(0)
    probs = softmax(rng.normal(size=(ROWS, CLASSES)) * 3, axis=1)
    labels = (probs.cumsum(axis=1) < rng.random((ROWS, 1))).sum(axis=1)
    return probs, labels.clip(max=CLASSES - 1)


LAYOUTS = {
    "rows": lambda x: x,
    "columns": np.asfortranarray,
    "every other row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "part of the columns": lambda x: np.pad(x, ((0, 0), (2, 3)))[:, 2:-3],
    "backwards": lambda x: x[::-1].copy()[::-1],
}
TYPES = [np.float16, np.float32, np.float64, np.longdouble, ">f8", ">f4"]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_the_layout_in_memory_changes_nothing(sample, layout):
    probs, labels = sample
    confidence, correct = top_label(layout(probs), labels)
    np.testing.assert_array_equal(confidence, probs.max(axis=1))
    np.testing.assert_array_equal(correct, probs.argmax(axis=1) == labels)
    for measure in (expected_calibration_error, classwise_calibration_error, brier_score):
        assert measure(layout(probs), labels) == pytest.approx(measure(probs, labels), rel=1e-12)


@pytest.mark.parametrize("precision", TYPES, ids=str)
def test_the_prediction_is_that_of_numpy_in_every_precision(sample, precision):
    probs, labels = sample[0][:5000].astype(precision), sample[1][:5000]
    confidence, correct = top_label(probs, labels)
    np.testing.assert_array_equal(confidence, probs.max(axis=1).astype(np.float64))
    np.testing.assert_array_equal(correct, probs.argmax(axis=1) == labels)


def test_whole_numbers_are_probabilities_of_a_certain_forecast():
    for precision in (bool, np.int8, np.uint8, np.int64):
        confidence, correct = top_label(np.eye(3).astype(precision), np.array([0, 2, 2]))
        assert confidence.tolist() == [1, 1, 1]
        assert correct.tolist() == [1, 0, 1]


@pytest.mark.parametrize("small", [-0.0, -1e-4, -1e-300])
def test_a_value_below_zero_within_the_tolerance_is_never_the_largest(small):
    probs = np.array([[small, 0.25, 0.75 - small], [0.25, 0.75 - small, small]])
    confidence, correct = top_label(probs, np.array([2, 0]))
    np.testing.assert_array_equal(confidence, [0.75 - small] * 2)
    assert correct.tolist() == [1, 0]


BAD = {
    "NaN": (np.nan, "1 of .* NaN or infinite"),
    "negative NaN": (-np.nan, "1 of .* NaN or infinite"),
    "infinite": (np.inf, "1 of .* NaN or infinite"),
    "minus infinite": (-np.inf, "1 of .* NaN or infinite"),
    "negative": (-0.25, r"in \[0, 1\]"),
    "large": (1.5, "sum to 1"),
    "missing": (0.0, "sum to 1"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("bad", "message"), BAD.values(), ids=BAD)
def test_a_bad_value_is_refused_wherever_it_is(sample, bad, message, place):
    probs, labels = sample[0].copy(), sample[1]
    probs[place] = [bad] + [1 - bad if bad == -0.25 else 0.0] + [0.0] * (CLASSES - 2)
    for measure in (expected_calibration_error, classwise_calibration_error, brier_score):
        with pytest.raises(ValueError, match=message):
            measure(probs, labels)


def test_one_column_is_refused_and_no_rows_are():
    for probs, message in ((np.ones((4, 1)), r"\(n, ≥ 2\)"), (np.ones((0, 3)), "n > 0")):
        with pytest.raises(ValueError, match=message):
            top_label(probs, np.zeros(len(probs), int))


@pytest.mark.parametrize("n", [1, 7, 2000, 9000])
@pytest.mark.parametrize("n_bins", [2, 15, 200])
def test_a_bin_is_the_number_of_edges_below_however_many_values_there_are(n, n_bins):
    edges = np.arange(1, n_bins) / n_bins
    values = np.random.default_rng(0).random(n)
    values[::3] = np.resize(edges, len(values[::3]))
    expected = (values[:, None] > edges).sum(axis=1)
    np.testing.assert_array_equal(bin_indices(values, edges), expected)


@pytest.mark.parametrize("classes", [31, 32, 100])
def test_classes_beyond_the_sparse_limit_have_the_sums_of_each_bin(classes):
    rng = np.random.default_rng(0)
    probs = softmax(rng.normal(size=(501, classes)) * 4, axis=1)
    labels = rng.integers(classes, size=len(probs))
    expected = 0.0
    for index in range(classes):
        cells = np.ceil(probs[:, index] * 15).clip(min=1)
        surplus = probs[:, index] - (labels == index)
        expected += sum(abs(surplus[cells == cell].sum()) for cell in range(1, 16))
    error = classwise_calibration_error(probs, labels)
    assert error == pytest.approx(expected / probs.size, rel=1e-10)


@pytest.mark.parametrize("rows", [0, 1, 10, 999, 1000, 5003])
@pytest.mark.parametrize("columns", [1, 3, 2000])
def test_blocks_hold_every_row_once_and_come_back_in_order(rows, columns):
    blocks = map_blocks(lambda rows: rows, rows, columns=columns, values=1000)
    indices = [index for block in blocks for index in range(rows)[block]]
    assert indices == list(range(rows))


def test_an_error_in_one_of_many_blocks_is_raised():
    def work(rows):
        if rows.start == 500:
            raise KeyError(rows.start)

    with pytest.raises(KeyError, match="500"):
        map_blocks(work, 1000, values=10)

"""Partitions of more values than are always compared exactly."""

import numpy as np

from atelier.thresholding.partition import EXACT_VALUES, optimal_cuts


def test_narrow_groups_are_divided_in_their_middle_where_float64_has_no_digits_left():
    """By hand: the third run halves the wider group, whose values are at equal distances."""
    size = EXACT_VALUES // 2 + 2
    wider, narrower = 2 * np.arange(size), np.arange(size) + 10**8
    values = np.concatenate([wider, narrower])
    cuts = optimal_cuts(np.ones(2 * size, np.int64), values, 3)
    assert cuts.tolist() == [size // 2 - 1, size - 1]

"""Which pixels can change without a change of topology, and the folds of a small set."""

import numpy as np
import pytest
from scipy import ndimage

from atelier.cells.params import CellSplitParams
from atelier.cells.splits import split_cells
from atelier.cells.warping import NEIGHBOURS, homotopic_warp, warping_error


def parts(mask):
    """Number of 4-connected cells, and of 8-connected parts of the background around them."""
    background = ndimage.label(~np.pad(mask, 1), np.ones((3, 3)))[1]
    return ndimage.label(mask)[1], background


@pytest.mark.parametrize("filled", [True, False])
def test_a_pixel_changes_exactly_where_the_numbers_of_parts_stay(filled):
    for code in range(256):
        mask = np.zeros((3, 3), bool)
        for bit, (y, x) in enumerate(NEIGHBOURS):
            mask[1 + y, 1 + x] = code >> bit & 1
        mask[1, 1] = filled
        flipped = mask.copy()
        flipped[1, 1] = not filled
        bent = homotopic_warp(mask.astype(int), flipped.astype(int))
        changes = bool((bent != mask).any())
        assert changes == (parts(mask) == parts(flipped)), mask


def test_a_picture_without_pixels_has_no_warping_error():
    with pytest.raises(ValueError, match="Expected pixels"):
        warping_error(np.zeros((0, 3), int), np.zeros((0, 3), int))


def test_a_fold_tests_the_next_pictures_of_the_seeded_order():
    names = [f"{number:02}" for number in range(11)]
    order = np.random.default_rng(3).permutation(np.array(names))
    for fold in range(5):
        params = CellSplitParams(validation=1, test=2, fold=fold, seed=3)
        splits = split_cells(dict.fromkeys(names), params)
        assert set(splits["test"]) == set(order[2 * fold : 2 * fold + 2])

"""How good a segmentation is: by pixel, by region, by cell."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from skimage.metrics import adapted_rand_error, variation_of_information

from atelier.data.cells import touching_pairs
from atelier.types import Array, Metrics

OVERLAPS = tuple(percent / 100 for percent in range(50, 100, 5))
"""The IoU at which a found cell counts as found: .5, .55 … .95."""


def pixel_scores(truth: Array, found: Array) -> Metrics:
    """Pixel error, IoU and Dice of two masks (non-zero is cell), and their two region scores.

    IoU and Dice of two empty masks are 1. ``rand_error`` is 1 less the F-score of pairs of pixels
    within true cells (Arganda-Carreras et al. 2015), ``split`` and ``merge`` the two conditional
    entropies of the variation of information, in bits (Meilă 2007): what was wrongly divided,
    and what was wrongly joined.

    Args:
        truth: Instance labels, (height, width), 0 being background.
        found: Likewise.
    """
    one, two = truth > 0, found > 0
    both, either = int((one & two).sum()), int((one | two).sum())
    with np.errstate(invalid="ignore"):
        rand = float(adapted_rand_error(truth, found)[0])
    if np.isnan(rand):  # no true cell has two pixels, or none is covered: there are no pairs
        rand = float(either > 0)
    split, merge = variation_of_information(truth, found)
    return {
        "pixel_error": float((one != two).mean()),
        "iou": both / either if either else 1.0,
        "dice": 2 * both / (both + either) if either else 1.0,
        "rand_error": rand,
        "split": float(split),
        "merge": float(merge),
    }


class ObjectScores(NamedTuple):
    """Counts of cells at one overlap, and what follows from them."""

    found: int
    missed: int
    invented: int

    @property
    def precision(self) -> float:
        """Share of the cells that were claimed which are there; 1 if none was."""
        return _share(self.found, self.invented)

    @property
    def recall(self) -> float:
        """Share of the cells that are there which were found; 1 if there are none."""
        return _share(self.found, self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two; 1 if there was nothing to find and nothing was found."""
        return _share(2 * self.found, self.missed + self.invented)


def _share(good: int, bad: int) -> float:
    return good / (good + bad) if good + bad else 1.0


def overlaps(truth: Array, found: Array) -> Array:
    """Intersection over union of each true with each found cell, (true cells, found cells)."""
    true_ids, one = np.unique(truth, return_inverse=True)
    found_ids, two = np.unique(found, return_inverse=True)
    shape = (len(true_ids), len(found_ids))
    ones = np.ones(truth.size, np.int64)
    table = sparse.coo_array((ones, (one.ravel(), two.ravel())), shape=shape).toarray()
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    return np.asarray((table / union)[true_ids > 0][:, found_ids > 0])


def object_scores(truth: Array, found: Array, overlap: float = 0.5) -> ObjectScores:
    """Cells found, missed and invented, a cell being found where IoU > ``overlap`` (Caicedo 2019).

    From .5 on no cell can match two.

    Raises:
        ValueError: ``overlap`` is below .5, or the two differ in shape.
    """
    return object_scores_at(truth, found, (overlap,))[0]


def object_scores_at(
    truth: Array, found: Array, at: Sequence[float] = OVERLAPS
) -> list[ObjectScores]:
    """The same at each overlap of ``at``."""
    if truth.shape != found.shape:
        raise ValueError(f"Expected one shape. Received: {truth.shape} and {found.shape}")
    if min(at) < 0.5:
        raise ValueError(f"Expected overlaps of at least .5. Received: {min(at)}")
    ious = overlaps(truth, found)
    hits = [int((ious > overlap).sum()) for overlap in at]
    return [ObjectScores(hit, ious.shape[0] - hit, ious.shape[1] - hit) for hit in hits]


def pairs_apart(truth: Array, found: Array) -> tuple[int, int]:
    """How many touching pairs of true cells come apart in ``found``, and how many there are.

    Apart are two cells which both are found: most of each is covered by a cell of its own.
    """
    pairs = touching_pairs(truth)
    holder = {cell: _mostly(found[truth == cell]) for cell in np.unique(pairs)}
    apart = sum(0 < holder[a] != holder[b] > 0 for a, b in pairs)
    return int(apart), len(pairs)


def _mostly(found: Array) -> int:
    """The found cell that covers more than half of these pixels, or 0."""
    values, counts = np.unique(found, return_counts=True)
    return int(values[counts.argmax()]) if 2 * counts.max() > len(found) else 0

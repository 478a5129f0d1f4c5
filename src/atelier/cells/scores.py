"""How good a segmentation is: by pixel, by region, by cell."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from skimage.metrics import adapted_rand_error, variation_of_information

from atelier.cells.instance_labels import number_cells
from atelier.cells.samples import touching_pairs
from atelier.types import Array, Metrics

OVERLAPS = tuple(percent / 100 for percent in range(50, 100, 5))
"""The IoU at which a found cell counts as found: .5, .55 … .95."""


def pixel_scores(truth: Array, found: Array) -> Metrics:
    """Pixel error, IoU and Dice of two masks (non-zero is cell), and their two region scores.

    IoU and Dice of two empty masks are 1. ``rand_error`` is 1 less the F-score of pairs of pixels
    within true cells (Arganda-Carreras et al. 2015); what ``found`` calls background there counts
    as one more of its cells. Where neither has such a pair, as no true cell has two pixels, it is
    0 if both have cells at the same pixels, otherwise 1. ``split`` and ``merge`` are the two
    conditional entropies of the variation of information, in bits (Meilă 2007): what was wrongly
    divided, and what was wrongly joined.

    Args:
        truth: Instance labels, (height, width), 0 being background.
        found: Likewise.

    Raises:
        ValueError: Labels are no integers, negative or masked, differ in shape, or are empty.
    """
    truth, found = _numbered(truth, found)
    if truth.size == 0:
        raise ValueError(f"Expected pixels. Received: {truth.shape}")
    one, two = truth > 0, found > 0
    both, either = int((one & two).sum()), int((one | two).sum())
    split, merge = variation_of_information(truth, found)
    return {
        "pixel_error": float((one != two).mean()),
        "iou": both / either if either else 1.0,
        "dice": 2 * both / (both + either) if either else 1.0,
        "rand_error": _rand_error(truth, found),
        "split": float(split),
        "merge": float(merge),
    }


def _rand_error(truth: Array, found: Array) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):
        error = float(adapted_rand_error(truth, found)[0])
    return float(((truth > 0) != (found > 0)).any()) if np.isnan(error) else error


def _numbered(truth: Array, found: Array) -> tuple[Array, Array]:
    """Both with their cells numbered from 1, int32."""
    if np.shape(truth) != np.shape(found):
        raise ValueError(f"Expected one shape. Received: {np.shape(truth)} and {np.shape(found)}")
    return number_cells(truth)[0], number_cells(found)[0]


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


def pairwise_iou(truth: Array, found: Array) -> Array:
    """Intersection over union of each true with each found cell, (true cells, found cells)."""
    return np.asarray(_sparse_overlaps(truth, found).toarray())


def _sparse_overlaps(truth: Array, found: Array) -> sparse.coo_array:
    """The same, of the pairs that have a pixel in common: so many cells may be compared."""
    truth, found = _numbered(truth, found)
    shape = (truth.max(initial=0) + 1, found.max(initial=0) + 1)
    ones = np.ones(truth.size, np.int64)
    table = sparse.coo_array((ones, (truth.ravel(), found.ravel())), shape=shape).tocsr()
    true_sizes, found_sizes = table.sum(axis=1)[1:], table.sum(axis=0)[1:]
    both = table[1:, 1:].tocoo()
    row, column = both.coords
    ious = both.data / (true_sizes[row] + found_sizes[column] - both.data)
    return sparse.coo_array((ious, (row, column)), shape=both.shape)


def object_scores(truth: Array, found: Array, overlap: float = 0.5) -> ObjectScores:
    """Cells found, missed and invented, a cell being found where IoU > ``overlap`` (Caicedo 2019).

    From .5 on no cell can match two.

    Raises:
        ValueError: ``overlap`` is below .5, or the two differ in shape.
    """
    return object_scores_by_overlap(truth, found, (overlap,))[0]


def object_scores_by_overlap(
    truth: Array, found: Array, at: Sequence[float] = OVERLAPS
) -> list[ObjectScores]:
    """The same at each overlap of ``at``."""
    if min(at) < 0.5:
        raise ValueError(f"Expected overlaps of at least .5. Received: {min(at)}")
    ious = _sparse_overlaps(truth, found)
    hits = [int((ious.data > overlap).sum()) for overlap in at]
    return [ObjectScores(hit, ious.shape[0] - hit, ious.shape[1] - hit) for hit in hits]


def separated_pairs(truth: Array, found: Array) -> tuple[int, int]:
    """How many touching pairs of true cells come apart in ``found``, and how many there are.

    Apart are two cells which both are found: most of each is covered by a cell of its own.
    """
    truth, found = _numbered(truth, found)
    pairs = touching_pairs(truth)
    holder = {cell: _mostly(found[truth == cell]) for cell in np.unique(pairs)}
    apart = sum(0 < holder[a] != holder[b] > 0 for a, b in pairs)
    return int(apart), len(pairs)


def _mostly(found: Array) -> int:
    """The found cell that covers more than half of these pixels, or 0."""
    values, counts = np.unique(found, return_counts=True)
    return int(values[counts.argmax()]) if 2 * counts.max() > len(found) else 0

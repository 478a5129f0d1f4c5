"""Scores of a segmentation by pixel, by region and by cell."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from skimage.metrics import adapted_rand_error, variation_of_information

from atelier.cells.instance_labels import number_cells
from atelier.cells.samples import touching_pairs
from atelier.types import Array, Metrics

OVERLAPS = tuple(percent / 100 for percent in range(50, 100, 5))
"""The IoU above which a predicted cell matches a true one: 0.5, 0.55 … 0.95."""


def pixel_scores(truth: Array, predicted: Array) -> Metrics:
    """Computes pixel error, IoU and Dice of two masks, and the scores of their regions.

    A non-zero pixel is cell. IoU and Dice of two empty masks are 1. ``rand_error`` is 1 less the
    F-score of pairs of pixels within true cells (Arganda-Carreras et al. 2015); predicted
    background there counts as one more predicted cell. Where no such pair exists, because no true
    cell has two pixels, it is 0 if both masks are equal, otherwise 1. ``split`` and ``merge`` are
    the two conditional entropies of the variation of information, in bits (Meilă 2007): true cells
    that are divided, and true cells that are joined.

    Args:
        truth: Instance labels, (height, width); 0 is background.
        predicted: Instance labels of the same shape.

    Returns:
        ``pixel_error, iou, dice, rand_error``, each in [0, 1], and ``split, merge`` from 0.

    Raises:
        ValueError: Labels are no integers, negative or masked, differ in shape, or are empty.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells.scores import pixel_scores
        >>> scores = pixel_scores(np.array([[1, 1, 0, 0]]), np.array([[0, 1, 1, 0]]))
        >>> [round(scores[name], 3) for name in ("pixel_error", "iou", "dice")]
        [0.5, 0.333, 0.5]
    """
    truth, predicted = _numbered(truth, predicted)
    if truth.size == 0:
        raise ValueError(f"Expected pixels. Received: {truth.shape}")
    true_mask, predicted_mask = truth > 0, predicted > 0
    intersection = int((true_mask & predicted_mask).sum())
    union = int((true_mask | predicted_mask).sum())
    split, merge = variation_of_information(truth, predicted)
    return {
        "pixel_error": float((true_mask != predicted_mask).mean()),
        "iou": intersection / union if union else 1.0,
        "dice": 2 * intersection / (intersection + union) if union else 1.0,
        "rand_error": _rand_error(truth, predicted),
        "split": float(split),
        "merge": float(merge),
    }


def _rand_error(truth: Array, predicted: Array) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):
        error = float(adapted_rand_error(truth, predicted)[0])
    return float(((truth > 0) != (predicted > 0)).any()) if np.isnan(error) else error


def _numbered(truth: Array, predicted: Array) -> tuple[Array, Array]:
    """Numbers the cells of both label maps from 1, int32."""
    if np.shape(truth) != np.shape(predicted):
        raise ValueError(
            f"Expected labels of one shape. Received: {np.shape(truth)} and {np.shape(predicted)}"
        )
    return number_cells(truth)[0], number_cells(predicted)[0]


class ObjectScores(NamedTuple):
    """Counts of matched and unmatched cells at one overlap, and the scores that follow."""

    true_positives: int
    false_negatives: int
    false_positives: int
    iou_sum: float
    """Sum of the IoU of the matched cells."""

    @property
    def measures(self) -> Metrics:
        """Returns all scores as :func:`matching_measures` defines them."""
        return {name: float(value) for name, value in matching_measures(np.array(self)).items()}

    @property
    def precision(self) -> float:
        """Returns the share of predicted cells that match a true one; 1 if none is predicted."""
        return self.measures["precision"]

    @property
    def recall(self) -> float:
        """Returns the share of true cells that are matched; 1 if no true cell exists."""
        return self.measures["recall"]

    @property
    def f1(self) -> float:
        """Returns the harmonic mean of precision and recall; 1 if there are no cells at all."""
        return self.measures["f1"]


def matching_measures(counts: Array) -> dict[str, Array]:
    """Computes the scores of counts of matched and unmatched cells.

    With true positives TP, false negatives FN and false positives FP, precision is TP / (TP + FP),
    recall TP / (TP + FN), F1 2 TP / (2 TP + FN + FP), and average precision TP / (TP + FP + FN)
    (Caicedo et al. 2019), which StarDist calls accuracy; it is no area under a curve. Panoptic
    quality is the sum of the matched cells' IoU over TP + FP/2 + FN/2 (Kirillov et al. 2019,
    eq. 1). The mean matched IoU is that sum over TP, the mean true IoU the sum over TP + FN
    (StarDist's ``mean_matched_score`` and ``mean_true_score``).

    Where a denominator is 0, the score is 1 if there is neither a false positive nor a false
    negative, or if it is a precision or recall; a mean matched IoU without a match is otherwise 0.

    Args:
        counts: TP, FN, FP and the sum of the matched cells' IoU in the last axis, (…, 4).

    Returns:
        ``precision, recall, f1, average_precision, panoptic_quality, matched_iou, true_iou``, each
        in [0, 1], of the shape of the axes before the last.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells.scores import matching_measures
        >>> measures = matching_measures(np.array([6, 2, 2, 4.8]))
        >>> {name: round(float(value), 2) for name, value in measures.items() if name != "true_iou"}
        ... # doctest: +NORMALIZE_WHITESPACE
        {'precision': 0.75, 'recall': 0.75, 'f1': 0.75, 'average_precision': 0.6,
         'panoptic_quality': 0.6, 'matched_iou': 0.8}
    """
    matched, missed, false, iou_sum = np.moveaxis(np.asarray(counts, float), -1, 0)
    wrong = missed + false
    return {
        "precision": _ratio(matched, matched + false, 1.0),
        "recall": _ratio(matched, matched + missed, 1.0),
        "f1": _ratio(2 * matched, 2 * matched + wrong, 1.0),
        "average_precision": _ratio(matched, matched + wrong, 1.0),
        "panoptic_quality": _ratio(iou_sum, matched + wrong / 2, 1.0),
        "matched_iou": _ratio(iou_sum, matched, np.where(wrong > 0, 0.0, 1.0)),
        "true_iou": _ratio(iou_sum, matched + missed, np.where(wrong > 0, 0.0, 1.0)),
    }


def _ratio(part: Array, whole: Array, if_zero: Array | float) -> Array:
    """Divides; where the denominator is 0, returns another value."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), if_zero)


def pairwise_iou(truth: Array, predicted: Array) -> Array:
    """Computes the intersection over union of each true with each predicted cell.

    Args:
        truth: Instance labels, (height, width); 0 is background.
        predicted: Instance labels of the same shape.

    Returns:
        (true cells, predicted cells), in [0, 1], both in the order of their ids.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells.scores import pairwise_iou
        >>> pairwise_iou(np.array([[1, 1, 2]]), np.array([[4, 0, 9]]))
        array([[0.5, 0. ],
               [0. , 1. ]])
    """
    return np.asarray(_sparse_iou(truth, predicted).toarray())


def _sparse_iou(truth: Array, predicted: Array) -> sparse.coo_array:
    """Computes the IoU of those pairs that share a pixel: memory grows with pixels, not pairs."""
    truth, predicted = _numbered(truth, predicted)
    shape = (truth.max(initial=0) + 1, predicted.max(initial=0) + 1)
    counts = np.ones(truth.size, np.int64)
    table = sparse.coo_array((counts, (truth.ravel(), predicted.ravel())), shape=shape).tocsr()
    true_sizes, predicted_sizes = table.sum(axis=1)[1:], table.sum(axis=0)[1:]
    shared = table[1:, 1:].tocoo()
    row, column = shared.coords
    ious = shared.data / (true_sizes[row] + predicted_sizes[column] - shared.data)
    return sparse.coo_array((ious, (row, column)), shape=shared.shape)


def object_scores(truth: Array, predicted: Array, overlap: float = 0.5) -> ObjectScores:
    """Counts cells that match at an IoU above ``overlap``, and those that do not (Caicedo 2019).

    From 0.5 on no cell can match two.

    Args:
        truth: Instance labels, (height, width); 0 is background.
        predicted: Instance labels of the same shape.
        overlap: The IoU that a match has to exceed, in [0.5, 1).

    Returns:
        The three counts and the sum of the matched IoU, with the scores that follow.

    Raises:
        ValueError: ``overlap`` is below 0.5, or the labels differ in shape.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells.scores import object_scores
        >>> scores = object_scores(np.array([[1, 1, 2]]), np.array([[3, 3, 0]]))
        >>> scores
        ObjectScores(true_positives=1, false_negatives=1, false_positives=0, iou_sum=1.0)
        >>> round(scores.f1, 3)
        0.667
    """
    return object_scores_by_overlap(truth, predicted, (overlap,))[0]


def object_scores_by_overlap(
    truth: Array, predicted: Array, overlaps: Sequence[float] = OVERLAPS
) -> list[ObjectScores]:
    """Counts matched and unmatched cells as :func:`object_scores`, at each of several overlaps.

    Args:
        truth: Instance labels, (height, width); 0 is background.
        predicted: Instance labels of the same shape.
        overlaps: The IoU that a match has to exceed, each in [0.5, 1).

    Returns:
        The scores in the order of ``overlaps``.

    Raises:
        ValueError: An overlap is below 0.5, or the labels differ in shape.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells.scores import object_scores_by_overlap
        >>> truth, predicted = np.array([[1, 1, 1, 1]]), np.array([[1, 1, 1, 0]])
        >>> [score.f1 for score in object_scores_by_overlap(truth, predicted, (0.5, 0.9))]
        [1.0, 0.0]
    """
    if min(overlaps) < 0.5:
        raise ValueError(f"Expected overlaps of at least .5. Received: {min(overlaps)}")
    ious = _sparse_iou(truth, predicted)
    true_cells, predicted_cells = ious.shape
    scores = []
    for overlap in overlaps:
        matched = ious.data[ious.data > overlap]
        count, total = len(matched), float(matched.sum())
        scores.append(ObjectScores(count, true_cells - count, predicted_cells - count, total))
    return scores


def matched_cells(truth: Array, predicted: Array, overlap: float = 0.5) -> Array:
    """Returns whether each predicted cell matches a true one at an IoU above ``overlap``.

    Args:
        truth: Instance labels, (height, width); 0 is background.
        predicted: Instance labels of the same shape.
        overlap: The IoU that a match has to exceed, in [0.5, 1).

    Returns:
        (predicted cells,) bool, in the order of their ids.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells.scores import matched_cells
        >>> matched_cells(np.array([[1, 1, 0, 0]]), np.array([[7, 7, 0, 9]])).tolist()
        [True, False]
    """
    ious = _sparse_iou(truth, predicted)
    matched = np.zeros(ious.shape[1], bool)
    matched[ious.coords[1][ious.data > overlap]] = True
    return matched


def separated_pairs(truth: Array, predicted: Array) -> tuple[int, int]:
    """Counts the touching pairs of true cells that a segmentation separates.

    A pair is separated where two different predicted cells cover more than half of each.

    Args:
        truth: Instance labels, (height, width); 0 is background.
        predicted: Instance labels of the same shape.

    Returns:
        How many pairs are separated, and how many pairs touch.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells.scores import separated_pairs
        >>> truth = np.array([[1, 1, 2, 2]])
        >>> separated_pairs(truth, truth), separated_pairs(truth, np.ones((1, 4), int))
        ((1, 1), (0, 1))
    """
    truth, predicted = _numbered(truth, predicted)
    pairs = touching_pairs(truth)
    holders = {cell: _majority(predicted[truth == cell]) for cell in np.unique(pairs)}
    held = [(holders[a], holders[b]) for a, b in pairs]
    separated = sum(a > 0 and b > 0 and a != b for a, b in held)
    return int(separated), len(pairs)


def _majority(predicted: Array) -> int:
    """Returns the predicted cell that covers more than half of these pixels, or 0."""
    values, counts = np.unique(predicted, return_counts=True)
    return int(values[counts.argmax()]) if 2 * counts.max() > len(predicted) else 0

"""Calibration by a spline through the cumulative difference of outcomes and scores."""

import numpy as np
from scipy.interpolate import CubicSpline

from atelier.calibration.base import Map, OneVersusRest
from atelier.calibration.binning import interpolate_linearly, merge_ties
from atelier.types import Array


class SplineCalibration(OneVersusRest):
    """Spline calibration (Gupta et al. 2021): the slope of the cumulative miscalibration.

    Let h(t) be the sum of outcome − score over the share t of the lowest scores, divided by n. A
    natural cubic spline with ``knots`` equidistant knots in [0, 1] fits h by least squares; a score
    s at the share t maps to s + h′(t), clipped to [0, 1] (eq. 10 there). It is linear between the
    scores of the fit and constant beyond them. A probability may become 0, and the map may
    decrease. ``fit`` takes logits, (n, classes), and labels, (n,); ``transform`` logits.

    Args:
        knots: Number of knots, ≥ 2.

    Examples:
        >>> import numpy as np
        >>> logits = np.stack([np.zeros(400), np.linspace(-4, 4, 400)], axis=1)
        >>> labels = (np.arange(400) % 4 != 0).astype(int)  # three of four, whatever the score
        >>> probs = SplineCalibration().fit(logits, labels).transform(logits)[:, 1]
        >>> round(float(probs.mean()), 2)
        0.75
    """

    _function = staticmethod(interpolate_linearly)

    def __init__(self, *, knots: int = 6) -> None:
        if knots < 2:
            raise ValueError(f"Expected knots ≥ 2. Received: {knots}")
        self.knots = knots

    def _fit_map(self, scores: Array, outcome: Array) -> Map:
        scores = merge_ties(scores)
        order = np.argsort(scores, kind="stable")
        ordered = scores[order]
        points, inverse, count = np.unique(ordered, return_inverse=True, return_counts=True)
        mean = np.bincount(inverse, outcome[order]) / count  # of equal scores, in any order
        cumulative = np.cumsum(mean[inverse] - ordered) / len(ordered)
        share = np.linspace(0, 1, len(ordered))
        basis = CubicSpline(np.linspace(0, 1, self.knots), np.eye(self.knots), bc_type="natural")
        heights = np.linalg.lstsq(basis(share), cumulative, rcond=None)[0]
        slope = basis(share, 1) @ heights
        values = np.clip(ordered + slope, 0, 1)
        return self._map(points=points, values=np.bincount(inverse, values) / count)

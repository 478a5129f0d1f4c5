"""Dirichlet calibration."""

import numpy as np
from scipy.special import log_softmax

from atelier.calibration.affine import Penalties
from atelier.calibration.structured import PenalisedScaling
from atelier.calibration.temperature import MARGIN, best_temperature
from atelier.types import Array

LEAST_LOG_PROBABILITY = float(np.log(np.finfo(np.float32).tiny))
"""Lower logarithms of probabilities count as this, about −87."""


class DirichletCalibration(PenalisedScaling):
    """Dirichlet calibration, softmax(W ln p + b), of the softmax p (Kull et al. 2019, eq. 5).

    W and b minimise the mean negative log-likelihood + λ Σ_{j≠k} W_jk² + μ |b|², the off-diagonal
    and intercept regularisation (ODIR, § 3.3 there) with sums in place of means. The authors choose
    λ and μ by cross-validation, many fits; the defaults are the strengths of structured matrix
    scaling, which need none. The diagonal is free. On the fitting set it is never worse than the
    softmax. ``fit`` takes logits, (n, classes), and labels, (n,); ``transform`` logits.

    Args:
        off_diagonal: λ > 0; by default classes (classes − 1) / n.
        intercept: μ > 0; by default classes / n.

    Attributes:
        weight_: W, (classes, classes).
        bias_: b, (classes,).

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0])
        >>> DirichletCalibration().fit(logits, labels).transform(logits)[0].round(3).tolist()
        [0.25, 0.75]
    """

    _full = True

    def __init__(
        self, *, off_diagonal: float | None = None, intercept: float | None = None
    ) -> None:
        self.off_diagonal = off_diagonal
        self.intercept = intercept

    def _start(self, inputs: Array, labels: Array) -> float:
        temperature, _ = best_temperature(inputs - inputs.max(axis=1, keepdims=True), labels)
        return min(1 / temperature, MARGIN)

    def _inputs(self, logits: Array) -> Array:
        return np.maximum(log_softmax(logits, axis=1), LEAST_LOG_PROBABILITY)

    def _penalties(self, samples: int, classes: int) -> Penalties:
        pairs = classes * (classes - 1)
        return Penalties(
            diagonal=0.0,
            off_diagonal=pairs / samples if self.off_diagonal is None else self.off_diagonal,
            bias=classes / samples if self.intercept is None else self.intercept,
        )

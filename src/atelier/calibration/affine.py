"""Maximum likelihood of softmax(W z + b) with squared penalties, by L-BFGS."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

from atelier.types import Array, Labels

MAX_ITERATIONS = 1000
"""Of L-BFGS."""
TOLERANCE = 1e-10
"""Decrease of the loss in one iteration, relative where the loss is above 1, that ends a search."""
TINY = float(np.finfo(np.float64).tiny)
FLATTEST = 1e-10
"""Least curvature of a parameter, relative to the largest, that its unit is derived from."""


@dataclass(frozen=True)
class Penalties:
    """Factors, ≥ 0, of squares that are added to the mean negative log-likelihood in nats."""

    diagonal: float
    """Of (W_kk − 1)²."""
    off_diagonal: float
    """Of W_jk², j ≠ k, at least that of the diagonal; without effect where W is diagonal."""
    bias: float
    """Of b_k²."""


def fit_affine(
    z: Array, labels: Labels, penalties: Penalties, *, full: bool, start: float = 1.0
) -> tuple[Array, Array]:
    """Returns W and b that minimise the penalised negative log-likelihood of softmax(W z + b).

    The loss is convex. L-BFGS starts from W = start · I and b = 0, and is never worse than that. It
    works on centred z and on parameters in units of their curvature at the start, so that classes
    of different frequency and scale are alike.

    Args:
        z: (n, classes), finite.
        labels: (n,), integers in [0, classes).
        penalties: Of the parameters' squares.
        full: Whether W is a full matrix, not a diagonal.
        start: The factor of the identity.

    Returns:
        W, (classes, classes), or its diagonal, (classes,), and b, (classes,).

    Examples:
        >>> import numpy as np
        >>> z, labels = np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0])
        >>> weight, bias = fit_affine(z, labels, Penalties(0, 0, 0), full=False)
        >>> probs = softmax(weight * z[0] + bias)
        >>> probs.round(3).tolist()
        [0.25, 0.75]
    """
    problem = (_FullMatrix if full else _Diagonal)(z, labels, penalties, start)
    found = minimize_convex(problem.loss, problem.first(), curvatures=problem.curvatures())
    return problem.solution(found)


class _Diagonal:
    """The problem of a diagonal W.

    Its parameters are the diagonal of W − I, then the bias of z less a centre. The centre is a
    share of the mean of z, the less the stronger the bias' penalty, so that weight and bias hardly
    depend on each other. The mean is over rows weighted by Σ p (1 − p) of the start, which is what
    the curvature depends on.
    """

    def __init__(self, z: Array, labels: Labels, penalties: Penalties, start: float) -> None:
        self.z, self.labels, self.penalties, self.start = z, labels, penalties, start
        self.samples, self.classes = z.shape
        probs = softmax(start * z, axis=1)
        self.spread = probs * (1 - probs) / self.samples  # (n, classes)
        weights = self.spread.sum(axis=1) + TINY
        self.weights = weights / weights.sum()
        of_bias = self.spread.sum() / self.classes
        self.centre = self.weights @ z * of_bias / (of_bias + 2 * penalties.bias + TINY)
        self.inputs = z - self.centre

    def first(self) -> Array:
        """Returns the parameters of W = start · I and b = 0."""
        change = np.full(self.classes, self.start - 1)
        return np.append(change, change * self.centre)

    def loss(self, flat: Array) -> tuple[float, Array]:
        """Returns the penalised loss in nats and its gradient by the parameters."""
        change, shift = flat[: self.classes], flat[self.classes :]
        value, error = self._likelihood(self.z + self.inputs * change + shift)
        bias = shift - change * self.centre
        of_bias = 2 * self.penalties.bias * bias
        of_change = self._collect(error) + 2 * self.penalties.diagonal * change
        of_change -= of_bias * self.centre
        value += self.penalties.diagonal * change @ change + self.penalties.bias * bias @ bias
        return float(value), np.append(of_change, error.sum(axis=0) + of_bias)

    def curvatures(self) -> Array:
        """Returns the second derivative by each parameter at the start, approximately."""
        through_bias = 2 * self.penalties.bias * self.centre**2
        of_weight = np.einsum("nk,nk->k", self.spread, self.inputs**2)
        of_bias = self.spread.sum(axis=0) + 2 * self.penalties.bias
        return np.append(of_weight + 2 * self.penalties.diagonal + through_bias, of_bias)

    def solution(self, flat: Array) -> tuple[Array, Array]:
        """Returns W and b."""
        change, shift = flat[: self.classes], flat[self.classes :]
        return 1 + change, shift - change * self.centre

    def _collect(self, error: Array) -> Array:
        """Returns the gradient of the likelihood by the diagonal."""
        return np.asarray(np.einsum("nk,nk->k", error, self.inputs))

    def _likelihood(self, scores: Array) -> tuple[float, Array]:
        """Returns the mean loss and (probabilities − truth) / n, (n, classes), in scores' place."""
        rows = np.arange(self.samples)
        scores -= scores.max(axis=1, keepdims=True)
        true = scores[rows, self.labels].sum()
        error = np.exp(scores, out=scores)
        total = error.sum(axis=1)
        error /= (total * self.samples)[:, None]
        error[rows, self.labels] -= 1 / self.samples
        return float((np.log(total).sum() - true) / self.samples), error


class _FullMatrix(_Diagonal):
    """The problem of a full W.

    W − I = E Uᵀ + diag v, where U are the principal axes of z, since logits of classes are
    correlated. Each entry of E has the penalty o of entries beside the diagonal. Where that of the
    diagonal, d, is less, v is free with the penalty d o / (o − d): the best division of a diagonal
    entry between E Uᵀ and v then costs d times its square. The parameters are E, v, and the
    bias of z less the centre.
    """

    def __init__(self, z: Array, labels: Labels, penalties: Penalties, start: float) -> None:
        super().__init__(z, labels, penalties, start)
        covariance = (self.inputs * self.weights[:, None]).T @ self.inputs
        self.variances, self.axes = np.linalg.eigh(covariance)
        self.axial = self.inputs @ self.axes
        self.axial_centre = self.centre @ self.axes
        less = penalties.off_diagonal - penalties.diagonal
        self.has_diagonal = less > 0
        self.of_diagonal = penalties.diagonal * penalties.off_diagonal / less if less > 0 else 0.0

    def first(self) -> Array:
        change = self.start - 1
        axial = np.append((change * self.axes).ravel(), np.zeros(self.classes))
        return np.append(axial, change * self.centre)

    def loss(self, flat: Array) -> tuple[float, Array]:
        matrix, diagonal, shift = self._split(flat)
        scores = self.axial @ matrix.T
        scores += self.z
        scores += shift
        if self.has_diagonal:
            scores += self.inputs * diagonal
        value, error = self._likelihood(scores)
        bias = self._bias(matrix, diagonal, shift)
        of_bias = 2 * self.penalties.bias * bias
        of_matrix = error.T @ self.axial + 2 * self.penalties.off_diagonal * matrix
        of_matrix -= np.multiply.outer(of_bias, self.axial_centre)
        of_diagonal = np.zeros(self.classes)
        if self.has_diagonal:
            of_diagonal = self._collect(error) + 2 * self.of_diagonal * diagonal
            of_diagonal -= of_bias * self.centre
        value += self.penalties.off_diagonal * (matrix**2).sum()
        value += self.of_diagonal * diagonal @ diagonal + self.penalties.bias * bias @ bias
        gradient = [of_matrix.ravel(), of_diagonal, error.sum(axis=0) + of_bias]
        return float(value), np.concatenate(gradient)

    def curvatures(self) -> Array:
        of_bias = self.spread.sum(axis=0)
        of_matrix = np.multiply.outer(of_bias, np.maximum(self.variances, 0))
        of_matrix += 2 * self.penalties.bias * self.axial_centre**2
        of_matrix += 2 * self.penalties.off_diagonal
        of_diagonal = np.einsum("nk,nk->k", self.spread, self.inputs**2)
        of_diagonal += 2 * self.penalties.bias * self.centre**2 + 2 * self.of_diagonal
        return np.concatenate([of_matrix.ravel(), of_diagonal, of_bias + 2 * self.penalties.bias])

    def solution(self, flat: Array) -> tuple[Array, Array]:
        matrix, diagonal, shift = self._split(flat)
        change = matrix @ self.axes.T + np.diag(diagonal)
        return np.eye(self.classes) + change, self._bias(matrix, diagonal, shift)

    def _bias(self, matrix: Array, diagonal: Array, shift: Array) -> Array:
        return np.asarray(shift - matrix @ self.axial_centre - diagonal * self.centre)

    def _split(self, flat: Array) -> tuple[Array, Array, Array]:
        size = self.classes**2
        matrix = flat[:size].reshape(self.classes, self.classes)
        return matrix, flat[size : -self.classes], flat[-self.classes :]


def minimize_convex(
    loss: Callable[[Array], tuple[float, Array]],
    start: Array,
    *,
    curvatures: Array,
    lower: Array | None = None,
) -> Array:
    """Returns the minimizer of a convex loss, which returns its gradient as well, by L-BFGS-B.

    Args:
        loss: From (m,) to the loss and its gradient, (m,).
        start: (m,).
        curvatures: Approximate second derivatives, (m,) ≥ 0; parameters are scaled by their roots.
        lower: Lower bounds, (m,); −∞ where there is none.

    Returns:
        The parameters of the least loss that was found, (m,).
    """
    floor = FLATTEST * float(curvatures.max())
    unit = 1 / np.sqrt(np.maximum(curvatures, floor)) if floor > 0 else np.ones(len(start))

    def scaled(steps: Array) -> tuple[float, Array]:
        value, gradient = loss(start + unit * steps)
        return value, gradient * unit

    options: Any = {
        "maxiter": MAX_ITERATIONS,
        "maxfun": 2 * MAX_ITERATIONS,
        "maxcor": 20,
        "ftol": TOLERANCE,
        "gtol": 1e-10,
    }
    bounds: Any = None if lower is None else [((low - x) / u, None) for low, x, u in zip(
        lower, start, unit, strict=True)]  # fmt: skip
    found: Any = minimize(
        scaled, np.zeros(len(start)), jac=True, method="L-BFGS-B", bounds=bounds, options=options
    )
    return np.asarray(start + unit * found.x)

"""Maximum likelihood of softmax(W z + b) with squared penalties, by L-BFGS."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from atelier.calibration.minimization import MAX_ITERATIONS, minimize_convex
from atelier.types import Array, Labels

FIRST_ITERATIONS, ROUND_ITERATIONS, ROUNDS = 80, 100, 3
"""Iterations in the first units and in each round of others, and the largest number of rounds."""
MOST_CLASSES = 128
"""Matrices of units, (classes, classes + 1, classes + 1), of more classes take too much memory."""
RIDGE = 1e-4
"""Added to the curvatures of a class, relative to their mean, so that none is 0."""
TINY = float(np.finfo(np.float64).tiny)


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
    of different frequency and scale are alike. A full matrix without penalties that takes more than
    FIRST_ITERATIONS is finished in rounds with new units, at most ROUNDS of ROUND_ITERATIONS.

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
    rounds = full and penalties == Penalties(0, 0, 0) and z.shape[1] <= MOST_CLASSES
    parameters, has_ended = minimize_convex(
        problem.loss,
        problem.first(),
        curvatures=problem.curvatures(),
        max_iterations=FIRST_ITERATIONS if rounds else MAX_ITERATIONS,
    )
    solution = problem.solution(parameters)
    return _in_rounds(z, labels, *solution) if rounds and not has_ended else solution


def _in_rounds(z: Array, labels: Labels, weight: Array, bias: Array) -> tuple[Array, Array]:
    """Returns W and b of a smaller loss without penalties than those given.

    Near separable classes have few uncertain rows, other ones for each class. The parameters of a
    class are in units in which their curvatures, also by two of them, are the identity, and every
    round derives the units anew.
    """
    samples, classes = z.shape
    inputs = np.column_stack([z, np.ones(samples)])
    parameters = np.column_stack([weight, bias])  # (classes, classes + 1)
    for _ in range(ROUNDS):
        units = _classwise_units(inputs, softmax(inputs @ parameters.T, axis=1))

        def moved(steps: Array, start: Array = parameters, units: Array = units) -> Array:
            return start + (steps.reshape(classes, 1, -1) @ units)[:, 0]

        def loss(steps: Array, units: Array = units) -> tuple[float, Array]:
            value, error = _likelihood(inputs @ moved(steps).T, labels)
            gradient = error.T @ inputs
            return value, (units @ gradient[:, :, None]).ravel()

        steps, has_ended = minimize_convex(
            loss, np.zeros(parameters.size), max_iterations=ROUND_ITERATIONS
        )
        parameters = moved(steps)
        if has_ended:
            break
    return parameters[:, :-1], parameters[:, -1]


def _classwise_units(inputs: Array, probs: Array) -> Array:
    """Returns the inverse Cholesky factor of each class' curvature, (classes, inputs, inputs)."""
    spread = probs * (1 - probs) / len(probs)
    curvatures = np.stack([(inputs * column[:, None]).T @ inputs for column in spread.T])
    means = np.trace(curvatures, axis1=1, axis2=2) / inputs.shape[1]
    ridge = RIDGE * means + TINY**0.5
    curvatures += ridge[:, None, None] * np.eye(inputs.shape[1])
    return np.asarray(np.linalg.inv(np.linalg.cholesky(curvatures)))


def _likelihood(scores: Array, labels: Labels) -> tuple[float, Array]:
    """Returns the mean loss and (probabilities − truth) / n, (n, classes), in scores' place."""
    samples = len(scores)
    rows = np.arange(samples)
    scores -= scores.max(axis=1, keepdims=True)
    true = scores[rows, labels].sum()
    error = np.exp(scores, out=scores)
    total = error.sum(axis=1)
    error /= (total * samples)[:, None]
    error[rows, labels] -= 1 / samples
    return float((np.log(total).sum() - true) / samples), error


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
        value, error = _likelihood(self.z + self.inputs * change + shift, self.labels)
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
        value, error = _likelihood(scores, self.labels)
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

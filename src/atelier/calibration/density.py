"""Confidence by density modelling (Subramanya et al. 2017): a Gaussian per class of logits."""

import logging
from typing import Literal, NamedTuple, Self

import numpy as np
from scipy.special import logsumexp

from atelier.clustering.covariances import (
    COLLAPSE,
    CONDITION,
    ROUNDING,
    apply_variance_floor,
    invert_lower_triangular,
    smallest_differences,
    variance_resolution,
)
from atelier.evaluation.validation import checked_labels, checked_logits
from atelier.types import Array, Arrays

logger = logging.getLogger(__name__)

Covariance = Literal["diagonal", "full", "tied"]
MIN_SAMPLES = {"diagonal": 30, "full": 10, "tied": 0}
"""Fewest samples of a class with a covariance of its own only; ``full``: for each dimension."""
MOST_CLASSES = 100_000
"""A larger label is no class but an error of the data: each class has a covariance."""
FLOOR = 1e-6
"""Variance of a direction in which a class has none, relative to the classes' mean variance."""


class DensityScore(NamedTuple):
    """The scores of n samples by a density model."""

    posterior: Array
    """p(class | logits), (n, classes); each row sums to 1."""
    log_density: Array
    """Log p(logits) over all classes, (n,), in nats."""
    rejected: Array
    """Whether the log density is below the threshold of rejection, (n,) bool."""


class DensityModel:
    """Models p(logits | class) as a Gaussian per class (Subramanya et al. 2017, eq. 2).

    The posterior p(class | logits) follows by Bayes' rule. ``diagonal`` is the paper's model;
    ``full`` has a covariance per class, ``tied`` one for all. Covariances are maximum-likelihood
    estimates; in a class with fewer samples than MIN_SAMPLES the estimate is mixed with the tied
    one, in proportion to what is missing. Priors are the frequencies of the classes, so an absent
    class has posterior 0. Axes are standardised first, so that results follow the units of each
    axis. A class whose samples share a value on an axis, or a line or plane, has no variance there,
    and FLOOR replaces it.

    The posterior only compares classes and can saturate far from all data; the log density says
    how close to the data a sample is.

    Args:
        covariance: ``diagonal``, ``full`` or ``tied``.

    Attributes:
        log_priors: (classes,).
        means: (classes, dimensions).
        whiteners: (classes, dimensions, dimensions), the inverse Cholesky factors W of the
            covariances: W (z − mean) is a standard normal.
        reject_below: Log density below which a sample is rejected; −inf until it is set.

    Examples:
        >>> import numpy as np
        >>> logits = np.array([[4.0, 0.0], [6.0, 0.0], [5.0, 1.0], [5.0, -1.0]])
        >>> logits, labels = np.concatenate([logits, logits[:, ::-1]]), np.repeat([0, 1], 4)
        >>> model = DensityModel("tied").fit(logits, labels)
        >>> score = model.score(np.array([[5.0, 0.0], [2.5, 2.5], [50.0, 10.0]]))
        >>> score.posterior.round(3).tolist()
        [[1.0, 0.0], [0.5, 0.5], [1.0, 0.0]]
        >>> score.log_density.round(1).tolist()
        [-1.8, -13.6, -2126.8]
    """

    log_priors: Array
    means: Array
    whiteners: Array

    def __init__(self, covariance: Covariance = "diagonal") -> None:
        if covariance not in MIN_SAMPLES:
            raise ValueError(f"Expected one of {', '.join(MIN_SAMPLES)}. Received: {covariance!r}")
        self.covariance = covariance
        self.reject_below = -np.inf

    def fit(self, logits: Array, labels: Array) -> Self:
        """Estimates the Gaussians from training logits.

        Args:
            logits: (n, dimensions); features that are no logits may have fewer dimensions than
                there are classes.
            labels: (n,), integers ≥ 0 and below MOST_CLASSES. There are as many classes as
                dimensions, or as the largest label needs, whichever is more.

        Returns:
            The model itself.

        Raises:
            ValueError: If the logits have NaN or infinity (counted), another shape, or never vary,
                or labels are no classes.
        """
        logits = checked_logits(logits, min_columns=1)
        labels = checked_labels(labels, len(logits), max(MOST_CLASSES, logits.shape[1]))
        classes = max(int(labels.max()) + 1, logits.shape[1])
        count = np.bincount(labels, minlength=classes)
        with np.errstate(divide="ignore"):
            self.log_priors = np.log(count / len(labels))
        scale = _largest_sizes(logits)
        logits = logits / scale
        sums = np.zeros((classes, logits.shape[1]))
        np.add.at(sums, labels, logits)
        means = sums / np.maximum(count, 1)[:, None]
        spread = _spread(logits, logits - means[labels])
        covariances = self._covariances((logits - means[labels]) / spread, labels, classes)
        covariances = _with_floor(covariances, logits / spread, means / spread)
        whiteners = invert_lower_triangular(np.linalg.cholesky(covariances))
        self.means = means * scale
        self.whiteners = whiteners / (spread * scale)
        return self

    def _covariances(self, residual: Array, labels: Array, classes: int) -> Array:
        """Returns the covariance of each class, (classes, dimensions, dimensions)."""
        dimensions = residual.shape[1]
        tied = residual.T @ residual / len(residual)
        if self.covariance == "diagonal":
            tied = np.diag(np.diag(tied))
        due = MIN_SAMPLES[self.covariance] * (dimensions if self.covariance == "full" else 1)
        covariances = np.empty((classes, dimensions, dimensions))
        for index in range(classes):
            rows = residual[labels == index]
            if self.covariance == "diagonal":
                estimate = np.diag(np.mean(rows**2, axis=0)) if len(rows) else tied
            else:
                estimate = rows.T @ rows / max(len(rows), 1)
            weight = min(1.0, len(rows) / due) if due else 0.0
            covariances[index] = weight * estimate + (1 - weight) * tied
        return covariances

    def arrays(self) -> dict[str, Array]:
        """Returns the fitted model as named arrays."""
        return {
            "covariance": np.array(self.covariance),
            "log_priors": self.log_priors,
            "means": self.means,
            "whiteners": self.whiteners,
            "reject_below": np.array(self.reject_below),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Returns the model of these :meth:`arrays`."""
        model = cls(str(arrays["covariance"]))  # type: ignore[arg-type]  # checked there
        model.log_priors, model.means = arrays["log_priors"], arrays["means"]
        model.whiteners, model.reject_below = arrays["whiteners"], float(arrays["reject_below"])
        return model

    def _log_joint(self, logits: Array) -> Array:
        """Returns log p(z, class), (n, classes); −∞ or NaN where float64 holds no distance."""
        joint = np.empty((len(logits), len(self.means)))
        scale = 0.5 * logits.shape[1] * np.log(2 * np.pi)
        for index, (mean, whitener) in enumerate(zip(self.means, self.whiteners, strict=True)):
            white = (logits - mean) @ whitener.T
            volume = np.log(np.diag(whitener)).sum() - scale
            joint[:, index] = (
                self.log_priors[index] + volume - 0.5 * np.einsum("ij,ij->i", white, white)
            )
        return joint

    def score(self, logits: Array) -> DensityScore:
        """Returns posterior, log density and rejection of each sample from one evaluation.

        A sample so far away that float64 does not hold its squared distance has a log density of
        −∞, and a class whose Gaussian is nearest has all of its posterior.

        Args:
            logits: (n, dimensions), as many as it was fitted to.

        Raises:
            ValueError: If the logits have another shape, masked values, NaN or infinity.
        """
        logits = checked_logits(logits, columns=self.means.shape[1], min_columns=1)
        with np.errstate(over="ignore", invalid="ignore"):
            joint = self._log_joint(logits)
        far = ~np.isfinite(joint.max(axis=1))
        joint[far] = self.log_priors
        total = logsumexp(joint, axis=1, keepdims=True)
        log_density = np.where(far, -np.inf, total[:, 0])
        posterior = np.exp(joint - total)  # in log space: no 0 / 0
        if far.any():
            posterior[far] = self._nearest_class(logits[far])
        return DensityScore(posterior, log_density, log_density < self.reject_below)

    def _nearest_class(self, logits: Array) -> Array:
        """Returns 1 for the class with the least distance in its own units, (n, classes)."""
        size = np.abs(logits).max(axis=1, keepdims=True)
        whiteners = self.whiteners / np.abs(self.whiteners).max()
        distances = np.stack(
            [
                np.linalg.norm((logits / size - mean / size) @ whitener.T, axis=1)
                for mean, whitener in zip(self.means, whiteners, strict=True)
            ],
            axis=1,
        )
        distances[:, np.isneginf(self.log_priors)] = np.inf
        nearest = np.zeros(distances.shape)
        nearest[np.arange(len(nearest)), distances.argmin(axis=1)] = 1
        return nearest

    def posterior(self, logits: Array) -> Array:
        """Returns p(class | logits), (n, classes); each row sums to 1."""
        return self.score(logits).posterior

    def log_density(self, logits: Array) -> Array:
        """Returns log p(logits) over all classes, (n,), in nats."""
        return self.score(logits).log_density

    def set_rejection(self, logits: Array, *, quantile: float) -> Self:
        """Sets the threshold of rejection to a quantile of the log density of held-out logits.

        Args:
            logits: (n, dimensions), held out.
            quantile: Share of these logits that is rejected, in [0, 1).

        Returns:
            The model itself.

        Raises:
            ValueError: If ``quantile`` is outside [0, 1).
        """
        if not 0 <= quantile < 1:
            raise ValueError(f"Expected a quantile in [0, 1). Received: {quantile}")
        self.reject_below = float(np.quantile(self.log_density(logits), quantile))
        return self

    def rejects(self, logits: Array) -> Array:
        """Returns whether the log density of each sample is below the threshold, (n,) bool."""
        return self.score(logits).rejected


def _largest_sizes(logits: Array) -> Array:
    """Returns the largest absolute value on each axis, (dimensions,); 1 where all are 0."""
    sizes = np.abs(logits).max(axis=0)
    return np.where(sizes > 0, sizes, 1.0)


def _spread(logits: Array, residual: Array) -> Array:
    """Returns the standard deviation within classes on each axis, (dimensions,).

    Where it is 0 up to rounding, it is that over all classes; where that is 0 as well, 1.

    Raises:
        ValueError: If no axis varies within a class.
    """
    rounding = 2 * ROUNDING * np.sqrt(np.mean(logits**2, axis=0))
    within, overall = np.sqrt(np.mean(residual**2, axis=0)), logits.std(axis=0)
    if (within <= rounding).all():
        raise ValueError("Expected logits that vary within a class. Received: constant ones")
    spread = np.where(within > rounding, within, overall)
    return np.where(spread > rounding, spread, 1.0)


def _with_floor(covariances: Array, logits: Array, means: Array) -> Array:
    """Returns covariances of standardised logits, with FLOOR in directions without variance."""
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    narrow = (variances < COLLAPSE * np.ptp(logits, axis=0) ** 2).any()
    steps = smallest_differences(logits.T) if narrow else np.zeros(logits.shape[1])
    least = variance_resolution(steps, means**2 + variances + 1)
    least = np.maximum(least, CONDITION * variances)
    covariances, which = apply_variance_floor(covariances, least, np.maximum(least, FLOOR))
    if which.any():
        logger.warning(
            "classes %s have no variance in a direction: their samples share a value, a line "
            "or a plane. It is replaced by %g of the variance within all classes",
            ", ".join(str(index) for index in np.flatnonzero(which)),
            FLOOR,
        )
    return covariances

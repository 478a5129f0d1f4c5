"""Confidence by density (Subramanya et al. 2017): a Gaussian for each class on the logits."""

import logging
from typing import Literal, Self

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
from atelier.evaluation.validation import checked_labels, checked_logits, unmasked
from atelier.types import Array, Arrays

logger = logging.getLogger(__name__)

Covariance = Literal["diagonal", "full", "tied"]
ENOUGH = {"diagonal": 30, "full": 10, "tied": 0}
"""Samples from which a class has a covariance of its own; ``full``: for each dimension."""
FLOOR = 1e-6
"""Variance of a direction in which a class has none, as a share of the classes' mean variance."""


class DensityModel:
    """p(class | logits) by Bayes' rule on one Gaussian for each class (their eq. 2).

    ``diagonal`` is the paper's; ``full`` gives each class its covariance, ``tied`` one to all.
    Covariances are the maximum-likelihood ones; a class with fewer samples than ENOUGH has its own
    mixed with the tied one, in proportion to what it lacks. Priors are the classes' shares, so an
    absent class has posterior 0. Axes are standardised first, so that results follow the units of
    each axis. A class whose samples share a value on an axis, or a line or plane, has no variance
    there, and FLOOR gives it one.

    A posterior only compares classes and can saturate far from all data: ``log_density`` beside it
    says how near any data a sample is.

    Attributes:
        log_priors: (classes,).
        means: (classes, dimensions).
        whiteners: (classes, dimensions, dimensions), the inverse Cholesky factors W of the
            covariances: W (z − mean) is a standard normal.
        reject_below: Log density under which a sample is rejected; −inf until it is set.
    """

    log_priors: Array
    means: Array
    whiteners: Array

    def __init__(self, covariance: Covariance = "diagonal") -> None:
        if covariance not in ENOUGH:
            raise ValueError(f"Expected one of {', '.join(ENOUGH)}. Received: {covariance!r}")
        self.covariance = covariance
        self.reject_below = -np.inf

    def fit(self, logits: Array, labels: Array) -> Self:
        """Estimate the Gaussians from training logits.

        Args:
            logits: (n, dimensions); what has no class of its own name, such as features, may
                have fewer dimensions than classes.
            labels: (n,), integers ≥ 0. There are as many classes as dimensions, or as the highest
                label asks for, whichever is more.

        Raises:
            ValueError: NaN or infinity (counted), another shape, or logits that never vary.
        """
        logits, labels = self._checked(logits), unmasked("labels", labels)
        classes = max(int(np.max(labels, initial=0)) + 1, logits.shape[1])
        labels = checked_labels(labels, len(logits), classes)
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
        """Covariance of each class, (classes, dimensions, dimensions)."""
        dimensions = residual.shape[1]
        tied = residual.T @ residual / len(residual)
        if self.covariance == "diagonal":
            tied = np.diag(np.diag(tied))
        enough = ENOUGH[self.covariance] * (dimensions if self.covariance == "full" else 1)
        covariances = np.empty((classes, dimensions, dimensions))
        for one in range(classes):
            own = residual[labels == one]
            if self.covariance == "diagonal":
                estimate = np.diag(np.mean(own**2, axis=0)) if len(own) else tied
            else:
                estimate = own.T @ own / max(len(own), 1)
            share = min(1.0, len(own) / enough) if enough else 0.0
            covariances[one] = share * estimate + (1 - share) * tied
        return covariances

    def arrays(self) -> dict[str, Array]:
        """Everything the model knows, as named arrays."""
        return {
            "covariance": np.array(self.covariance),
            "log_priors": self.log_priors,
            "means": self.means,
            "whiteners": self.whiteners,
            "reject_below": np.array(self.reject_below),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The model that gave these :meth:`arrays`."""
        model = cls(str(arrays["covariance"]))  # type: ignore[arg-type]  # checked there
        model.log_priors, model.means = arrays["log_priors"], arrays["means"]
        model.whiteners, model.reject_below = arrays["whiteners"], float(arrays["reject_below"])
        return model

    def _log_joint(self, logits: Array) -> Array:
        """Log p(z, class), (n, classes)."""
        logits = self._checked(logits, dimensions=self.means.shape[1])
        joint = np.empty((len(logits), len(self.means)))
        scale = 0.5 * logits.shape[1] * np.log(2 * np.pi)
        for one, (mean, whitener) in enumerate(zip(self.means, self.whiteners, strict=True)):
            white = (logits - mean) @ whitener.T
            volume = np.log(np.diag(whitener)).sum() - scale
            joint[:, one] = (
                self.log_priors[one] + volume - 0.5 * np.einsum("ij,ij->i", white, white)
            )
        return joint

    def posterior(self, logits: Array) -> Array:
        """p(class | z), (n, classes), rows summing to 1; in log space, so never 0 / 0."""
        joint = self._log_joint(logits)
        return np.asarray(np.exp(joint - logsumexp(joint, axis=1, keepdims=True)))

    def log_density(self, logits: Array) -> Array:
        """Log p(z) over all classes, (n,), in nats."""
        return np.asarray(logsumexp(self._log_joint(logits), axis=1))

    def set_rejection(self, logits: Array, *, quantile: float) -> Self:
        """Reject from now on what lies in less density than this share of held-out logits does.

        Raises:
            ValueError: ``quantile`` outside [0, 1).
        """
        if not 0 <= quantile < 1:
            raise ValueError(f"Expected a quantile in [0, 1). Received: {quantile}")
        self.reject_below = float(np.quantile(self.log_density(logits), quantile))
        return self

    def rejects(self, logits: Array) -> Array:
        """Whether each sample lies below the density that was set, (n,) bool."""
        return np.asarray(self.log_density(logits) < self.reject_below)

    @staticmethod
    def _checked(logits: Array, *, dimensions: int | None = None) -> Array:
        logits = unmasked("logits", logits).astype(np.float64, copy=False)
        if logits.ndim == 2 and logits.shape[1] == 1 and dimensions in (None, 1):
            checked_logits(np.repeat(logits, 2, axis=1))
            return logits
        return checked_logits(logits, classes=dimensions)


def _largest_sizes(logits: Array) -> Array:
    """The largest absolute value on each axis, (dimensions,); 1 where all are 0."""
    sizes = np.abs(logits).max(axis=0)
    return np.where(sizes > 0, sizes, 1.0)


def _spread(logits: Array, residual: Array) -> Array:
    """Standard deviation within classes on each axis, (dimensions,).

    Where there is none but rounding, that over all classes; where there is none either, 1.

    Raises:
        ValueError: No axis varies within a class.
    """
    rounding = 2 * ROUNDING * np.sqrt(np.mean(logits**2, axis=0))
    within, overall = np.sqrt(np.mean(residual**2, axis=0)), logits.std(axis=0)
    if (within <= rounding).all():
        raise ValueError("Expected logits that vary within a class. Received: constant ones")
    spread = np.where(within > rounding, within, overall)
    return np.where(spread > rounding, spread, 1.0)


def _with_floor(covariances: Array, logits: Array, means: Array) -> Array:
    """Covariances of standardised logits, with FLOOR in the directions that show no variance."""
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    narrow = (variances < COLLAPSE * np.ptp(logits, axis=0) ** 2).any()
    steps = smallest_differences(logits.T) if narrow else np.zeros(logits.shape[1])
    least = variance_resolution(steps, means**2 + variances + 1)
    least = np.maximum(least, CONDITION * variances)
    covariances, which = apply_variance_floor(covariances, least, np.maximum(least, FLOOR))
    if which.any():
        logger.warning(
            "classes %s have no variance in a direction: their samples share a value, a line "
            "or a plane. A floor stands there, %g of the variance within all classes",
            ", ".join(str(index) for index in np.flatnonzero(which)),
            FLOOR,
        )
    return covariances

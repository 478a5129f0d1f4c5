"""Generalized histogram thresholding (Barron 2020): Otsu's method, minimum error, percentiles."""

import numpy as np

from atelier.thresholding.grey_levels import GreyLevels, count_grey_levels
from atelier.thresholding.partition import scaled_distances
from atelier.types import Array

VARIANCE_FLOOR = 1e-30
"""Least variance of a class, in the unit of the scaled grey values, whose range is 1/2 to 1."""


def generalized_histogram_threshold(
    image: Array, *, nu: float = 0.0, tau: float = 0.0, kappa: float = 0.0, omega: float = 0.5
) -> Array:
    """Returns the threshold of generalized histogram thresholding (Barron 2020, arXiv 2007.07350).

    The pixels on each side of a threshold are a Gaussian of their own weight, mean and variance.
    The variance has a scaled inverse chi-squared prior, the share of the darker class a beta prior,
    and the threshold maximises the posterior. Special cases:

    - ``nu = kappa = 0`` is minimum error thresholding (Kittler & Illingworth 1986).
    - ``nu = inf`` with a small ``tau`` is Otsu's method (1979): the prior fixes both variances.
    - ``kappa = inf`` is the weighted percentile ``omega``: the prior fixes the share.

    Every grey value is tried, or every border of the bins in which :func:`grey_histogram` counts
    many different floats, in a time that grows with their number alone. Of equally good thresholds
    the first is returned.

    With ``nu = 0`` or ``tau = 0`` the likelihood has no maximum if a class has a single grey value,
    such as a background without noise, and the threshold lies there. Both above 0 prevent it.

    Args:
        image: Grey values of any shape: integers, Booleans or finite floats. The masked pixels of
            a :class:`numpy.ma.MaskedArray` do not count.
        nu: Strength of the prior on the variances, in pixels; from 0 to infinity.
        tau: Standard deviation of a class that the prior expects, in grey values.
        kappa: Strength of the prior on the share of the darker class, in pixels; 0 to infinity.
        omega: Share of the darker class that the prior expects, in [0, 1].

    Returns:
        The threshold as an array of shape (1,), a grey value of the image; t separates <= t from
        > t. An image of a single grey value has that value as its threshold.

    Raises:
        ValueError: If the image has no unmasked pixel or values that are not finite, or if a
            parameter is out of its range.

    Examples:
        >>> import numpy as np
        >>> from atelier.thresholding import generalized_histogram_threshold
        >>> image = np.array([1, 1, 2, 2, 3, 3, 20, 20, 30, 30, 40, 40, 50, 50])
        >>> generalized_histogram_threshold(image, nu=1.0, tau=1.0).tolist()
        [3]
        >>> generalized_histogram_threshold(image, nu=np.inf, tau=0.1).tolist()
        [20]
        >>> generalized_histogram_threshold(image, kappa=np.inf, omega=0.7).tolist()
        [30]
    """
    levels = count_grey_levels(image)
    return ght_from_levels(levels, nu=nu, tau=tau, kappa=kappa, omega=omega)


def ght_from_levels(
    grey: GreyLevels, *, nu: float = 0.0, tau: float = 0.0, kappa: float = 0.0, omega: float = 0.5
) -> Array:
    """Returns the threshold, (1,), of what :func:`count_grey_levels` returns.

    Args:
        grey: The histogram. Within a bin of many different floats the pixels count as equal.
        nu: As for :func:`generalized_histogram_threshold`, and so are the others.
        tau: Standard deviation that the prior expects, grey values.
        kappa: Strength of the prior on the share, pixels.
        omega: Share that the prior expects.

    Returns:
        (1,), one of the grey levels.

    Raises:
        ValueError: If a parameter is out of its range.
    """
    _check_priors(nu, tau, kappa, omega)
    occur = grey.counts > 0
    mass, levels = grey.counts[occur].astype(np.float64), grey.levels[occur]
    if len(levels) == 1:
        return levels
    distances, exponent = scaled_distances(levels)
    if grey.means is not None:
        distances = grey.means[occur]
    lower = _class_sums(mass, distances - distances[0])
    mirrored = _class_sums(mass[::-1], (distances[-1] - distances)[::-1])
    upper = mirrored[0][::-1], mirrored[1][::-1]
    score = omega * np.log(lower[0]) + (1 - omega) * np.log(upper[0])
    if np.isfinite(kappa):
        prior_share = nu / (nu + mass.sum()) if np.isfinite(nu) else 1.0
        prior_variance = float(np.ldexp(tau, -exponent)) ** 2
        score = (
            2 * kappa * score
            + _class_score(*lower, prior_share, prior_variance)
            + _class_score(*upper, prior_share, prior_variance)
        )
    return levels[[score.argmax()]]


def _class_sums(mass: Array, distances: Array) -> tuple[Array, Array]:
    """Returns the pixels of the first 1 … n - 1 levels, and the variance among them."""
    pixels, first, second = (np.cumsum(mass * distances**power)[:-1] for power in range(3))
    return pixels, np.maximum(second / pixels - (first / pixels) ** 2, 0.0)


def _class_score(
    pixels: Array, variance: Array, prior_share: float, prior_variance: float
) -> Array:
    """Returns twice the log posterior of a class up to a constant (Barron 2020, section 3).

    The paper's posterior variance, (p nu tau² + w s) / (p nu + w) of a class of w = p n pixels
    with the variance s, is (n s + nu tau²) / (n + nu): a mean with the same weights for both
    classes and every threshold.
    """
    posterior = np.maximum(
        (1 - prior_share) * variance + prior_share * prior_variance, VARIANCE_FLOOR
    )
    return np.asarray(pixels * (2 * np.log(pixels) - variance / posterior - np.log(posterior)))


def _check_priors(nu: float, tau: float, kappa: float, omega: float) -> None:
    if not (nu >= 0 and 0 <= tau < np.inf and kappa >= 0 and 0 <= omega <= 1):
        raise ValueError(
            "Expected nu, tau, kappa >= 0, a finite tau and omega from 0 to 1. "
            f"Received: nu={nu}, tau={tau}, kappa={kappa}, omega={omega}"
        )

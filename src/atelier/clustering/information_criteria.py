"""Information criteria of Gaussian mixtures."""

import numpy as np
from scipy.stats import entropy

from atelier.clustering.params import CovarianceType
from atelier.types import Array


def parameter_count(components: int, dimensions: int, covariance: CovarianceType) -> int:
    """Returns the number of free parameters of a mixture: weights, means and covariances.

    Args:
        components: Number of Gaussians, k.
        dimensions: Number of dimensions, d.
        covariance: Form of the covariances.

    Returns:
        k - 1 weights, k d means, and the entries of the covariances.

    Examples:
        >>> from atelier.clustering import parameter_count
        >>> parameter_count(3, 2, "full"), parameter_count(3, 2, "spherical")
        (17, 11)
    """
    matrix = dimensions * (dimensions + 1) // 2
    covariances = {
        "full": components * matrix,
        "tied": matrix,
        "diagonal": components * dimensions,
        "spherical": components,
    }[covariance]
    return components - 1 + components * dimensions + covariances


def bayesian_information_criterion(
    log_likelihood: float,
    points: float,
    components: int,
    dimensions: int,
    covariance: CovarianceType,
) -> float:
    """Computes the BIC (Schwarz 1978): free parameters · ln n - 2 log-likelihood; lower is better.

    Args:
        log_likelihood: Of all points, in nats.
        points: Number of points, n, or the sum of their weights.
        components: Number of Gaussians.
        dimensions: Number of dimensions of the points.
        covariance: Form of the covariances.

    Returns:
        The criterion, in nats times two.

    Examples:
        >>> from atelier.clustering import bayesian_information_criterion
        >>> round(bayesian_information_criterion(-100.0, 50, 1, 1, "full"), 2)
        207.82
    """
    free = parameter_count(components, dimensions, covariance)
    return float(free * np.log(points) - 2 * log_likelihood)


def integrated_completed_likelihood(bic: float, responsibilities: Array, weights: Array) -> float:
    """Computes the ICL of Biernacki, Celeux & Govaert (2000), in the sign of the BIC; lower wins.

    It is the BIC plus twice the entropy of the responsibilities of all points, in nats. Components
    that overlap cost, so that it counts clusters where the BIC counts Gaussians.

    Args:
        bic: Of the mixture, as :func:`bayesian_information_criterion` returns it.
        responsibilities: Probability of each component given each point, (n, k).
        weights: How often each point counts, (n,).

    Returns:
        The criterion, in the unit of the BIC.

    Examples:
        >>> import numpy as np
        >>> from atelier.clustering import integrated_completed_likelihood
        >>> shares = np.array([[1.0, 0.0], [0.5, 0.5]])
        >>> round(integrated_completed_likelihood(10.0, shares, np.array([7, 3])), 3)
        14.159
    """
    return bic + 2 * float(weights @ entropy(responsibilities, axis=1))

"""Five confidence scores of a network, all from its logits."""

import numpy as np
from scipy.special import logsumexp, softmax

from atelier.calibration.density import DensityModel
from atelier.calibration.temperature import softmax_at
from atelier.evaluation.validation import checked_logits
from atelier.types import Array

SCORES = ("softmax", "temperature", "energy", "posterior", "log_density")


def confidence_scores(
    logits: Array, *, temperature: float, density: DensityModel
) -> dict[str, Array]:
    """Returns each of SCORES, (n,), higher where the network is more confident.

    Args:
        logits: (n, classes).
        temperature: T of temperature scaling, > 0.
        density: A density model of the network's training logits.

    Returns:
        ``softmax``, the largest softmax probability (Hendrycks & Gimpel 2017); ``temperature``, the
        same after temperature scaling (Guo et al. 2017); ``energy``, minus the energy, log Σ exp z
        (Liu et al. 2020); ``posterior``, the largest posterior of the density model (Subramanya et
        al. 2017); ``log_density``, its log density.

    Raises:
        ValueError: If the logits have another shape, masked values, NaN or infinity.

    Examples:
        >>> import numpy as np
        >>> logits = np.array([[4.0, 0.0], [6.0, 0.0], [5.0, 1.0], [5.0, -1.0]])
        >>> logits, labels = np.concatenate([logits, logits[:, ::-1]]), np.repeat([0, 1], 4)
        >>> density = DensityModel("tied").fit(logits, labels)
        >>> scores = confidence_scores(logits[:1], temperature=2.0, density=density)
        >>> {name: score.round(2).tolist() for name, score in scores.items()}
        {'softmax': [0.98], 'temperature': [0.88], 'energy': [4.02], 'posterior': [1.0],
        'log_density': [-2.84]}
    """
    logits = checked_logits(logits)
    score = density.score(logits)
    return {
        "softmax": softmax(logits, axis=1).max(axis=1),
        "temperature": softmax_at(logits, temperature).max(axis=1),
        "energy": np.asarray(logsumexp(logits, axis=1)),
        "posterior": score.posterior.max(axis=1),
        "log_density": score.log_density,
    }

"""Five answers to how sure a network is, all from its logits."""

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
    """Each of SCORES, (n,), higher where the network is surer.

    The largest softmax probability (Hendrycks & Gimpel 2017), the same after temperature scaling
    (Guo et al. 2017), minus the energy, log Σ exp z (Liu et al. 2020), the largest posterior of the
    density model (Subramanya et al. 2017), and its log density.
    """
    logits = checked_logits(logits)
    return {
        "softmax": softmax(logits, axis=1).max(axis=1),
        "temperature": softmax_at(logits, temperature).max(axis=1),
        "energy": np.asarray(logsumexp(logits, axis=1)),
        "posterior": density.posterior(logits).max(axis=1),
        "log_density": density.log_density(logits),
    }

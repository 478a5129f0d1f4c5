"""Beta calibration."""

import numpy as np
from scipy.special import expit, log_expit

from atelier.calibration.base import Map, OneVersusRest
from atelier.calibration.dirichlet import LEAST_LOG_PROBABILITY
from atelier.calibration.minimization import minimize_convex
from atelier.calibration.scaling import softmax_log_odds
from atelier.types import Array

RIDGE = 1e-6
"""Factor of the squared distance from the identity, which makes the solution finite."""


def _beta(scores: Array, *, parameters: Array) -> Array:
    return np.asarray(expit(_logarithms(scores) @ parameters[:2] + parameters[2]))


def _logarithms(scores: Array) -> Array:
    """Returns ln p and −ln(1 − p), (n, 2), of log-odds, (n,)."""
    both = np.stack([log_expit(scores), -log_expit(-scores)], axis=1)
    return np.clip(both, LEAST_LOG_PROBABILITY, -LEAST_LOG_PROBABILITY)


class BetaCalibration(OneVersusRest):
    """Beta calibration, expit(a ln p − b ln(1 − p) + c) of each class' probability p.

    The map is that of scores which are beta distributed in each of the two outcomes (Kull, Silva
    Filho & Flach 2017, eq. 5). a, b ≥ 0, so it does not decrease. They minimise the mean negative
    log-likelihood + RIDGE · ((a − 1)² + (b − 1)² + c²), whose last term makes them finite where the
    outcomes are separable or a class is absent. a = b = 1, c = 0 is the identity, so with two
    classes it is never worse than the softmax on the fitting set. ``fit`` takes logits,
    (n, classes), and labels, (n,); ``transform`` logits.

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0])
        >>> BetaCalibration().fit(logits, labels).transform(logits)[0].round(3).tolist()
        [0.25, 0.75]
    """

    _function = staticmethod(_beta)

    def _scores(self, logits: Array) -> Array:
        return softmax_log_odds(logits)

    def _fit_map(self, scores: Array, outcome: Array) -> Map:
        design = np.column_stack([_logarithms(scores), np.ones(len(scores))])
        identity = np.array([1.0, 1.0, 0.0])
        centre = np.append(design[:, :2].mean(axis=0), 0.0)  # the last parameter is that of means
        centred = design - centre

        def loss(flat: Array) -> tuple[float, Array]:
            score = centred @ flat
            away = flat - identity
            away[2] -= flat @ centre
            nll = -np.where(outcome, log_expit(score), log_expit(-score)).mean()
            gradient = (expit(score) - outcome) @ centred / len(score)
            return float(nll + RIDGE * away @ away), gradient + 2 * RIDGE * (
                away - away[2] * centre
            )

        spread = expit(scores) * expit(-scores) / len(scores)
        best, _ = minimize_convex(
            loss,
            identity + np.array([0.0, 0.0, identity @ centre]),
            curvatures=spread @ centred**2 + 2 * RIDGE * (1 + centre**2),
            lower=np.array([0.0, 0.0, -np.inf]),
        )
        best[:2] = np.maximum(best[:2], 0)
        return self._map(parameters=best - np.array([0.0, 0.0, best @ centre]))

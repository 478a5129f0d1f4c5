"""Selective classification: risk at each coverage, its area, and thresholds of guaranteed risk."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

from atelier.evaluation.validation import real_numbers, require_finite, unmasked
from atelier.types import Array

CANDIDATES = 50
"""Coverages among which a threshold of guaranteed risk is sought: 100 %, 98 %, …, 2 %."""


class RiskCoverage(NamedTuple):
    """A risk–coverage curve: a point for each distinct score, the highest first."""

    threshold: Array
    """Samples are accepted whose score is at least this, (points,)."""
    coverage: Array
    """Share of the samples that is accepted, (points,), rising to 1."""
    risk: Array
    """Share of wrong predictions among the accepted ones, (points,)."""


class RiskAreas(NamedTuple):
    """Areas under the risk–coverage curves, the lower the better."""

    aurc: float
    """Mean risk of the accepted samples over all coverages (Geifman et al. 2019)."""
    augrc: float
    """Mean share of all samples that is accepted and wrong (Traub et al. 2024)."""
    excess_aurc: float
    """AURC less that of a score which ranks every right prediction above every wrong one."""
    excess_augrc: float
    """AUGRC less that of the same score."""


class GuaranteedThreshold(NamedTuple):
    """A threshold whose accepted samples have at most the stated risk."""

    threshold: float
    """Samples are rejected whose score is below this; ∞ rejects all: no coverage is guaranteed."""
    coverage: float
    """Share of the held-out samples that is accepted."""
    risk: float
    """Share of wrong predictions among these; NaN if none is accepted."""
    bound: float
    """Upper confidence limit of the risk; 1 if none is accepted."""


def risk_coverage(scores: Array, wrong: Array) -> RiskCoverage:
    """Returns the risk of the samples with the highest scores, at each coverage that is possible.

    Samples of equal score are accepted together.

    Args:
        scores: Confidences, (n,), higher where the prediction is surer.
        wrong: Whether each prediction is wrong, (n,) bool.

    Raises:
        ValueError: If there are no samples, lengths differ, or scores are masked, NaN or infinite.

    Examples:
        >>> curve = risk_coverage(np.array([0.9, 0.8, 0.8, 0.1]), np.array([0, 1, 0, 1], bool))
        >>> curve.coverage.tolist(), curve.risk.round(2).tolist()
        ([0.25, 0.75, 1.0], [0.0, 0.33, 0.5])
    """
    levels, right, mistakes = _counts_by_score(scores, wrong)
    accepted = np.cumsum(right + mistakes)
    return RiskCoverage(levels, accepted / accepted[-1], np.cumsum(mistakes) / accepted)


def risk_areas(scores: Array, wrong: Array) -> RiskAreas:
    """Returns AURC and AUGRC, and by how much they exceed those of the best score.

    With E(k) wrong predictions among the k highest scores,

    AURC = 1/n · Σ_{k=1}^{n} E(k) / k,   AUGRC = 1/n · Σ_{k=1}^{n} (E(k − 1) + E(k)) / (2 n).

    Among equal scores E(k) is its expectation over their order, which is linear in k, so no order
    decides. The best score has E(k) = max(0, k − right), whose AUGRC is ½ (wrong / n)².

    Args:
        scores: Confidences, (n,), higher where the prediction is surer.
        wrong: Whether each prediction is wrong, (n,) bool.

    Raises:
        ValueError: If there are no samples, lengths differ, or scores are masked, NaN or infinite.

    Examples:
        >>> areas = risk_areas(np.array([0.9, 0.8, 0.7, 0.1]), np.array([0, 1, 0, 1], bool))
        >>> [round(area, 4) for area in areas]
        [0.3333, 0.1875, 0.125, 0.0625]
    """
    _, right, mistakes = _counts_by_score(scores, wrong)
    return _areas(right, mistakes)


def risk_area_intervals(
    scores: Array, wrong: Array, *, seed: int, resamples: int, level: float = 0.95
) -> tuple[RiskAreas, RiskAreas]:
    """Returns limits of the areas by the percentile bootstrap of the samples.

    Args:
        scores: Confidences, (n,).
        wrong: Whether each prediction is wrong, (n,) bool.
        seed: Seed of the resamples: scores of the same samples see the same resamples.
        resamples: Number of resamples, ≥ 1.
        level: Confidence level, in (0, 1).

    Returns:
        The lower and the upper limits.

    Examples:
        >>> low, high = risk_area_intervals(np.arange(4), np.zeros(4, bool), seed=0, resamples=5)
        >>> low.augrc, high.augrc
        (0.0, 0.0)
    """
    scores, wrong = _checked(scores, wrong)
    levels, position = np.unique(-scores, return_inverse=True)
    cells = 2 * position + wrong  # right and wrong of each score
    rng = np.random.default_rng(seed)
    drawn = np.empty((resamples, len(RiskAreas._fields)))
    for index in range(resamples):
        rows = rng.integers(len(wrong), size=len(wrong))
        counts = np.bincount(cells[rows], minlength=2 * len(levels)).reshape(-1, 2)
        drawn[index] = _areas(counts[:, 0], counts[:, 1])
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return RiskAreas(*map(float, low)), RiskAreas(*map(float, high))


def guaranteed_threshold(
    scores: Array, wrong: Array, *, risk: float, confidence: float = 0.95
) -> GuaranteedThreshold:
    """Returns the lowest threshold of a score whose accepted samples have at most a stated risk.

    With a probability of at least ``confidence`` over the held-out samples, the share of wrong
    predictions among new accepted samples is at most ``risk``, for any distribution of independent
    samples: selection with guaranteed risk (Geifman & El-Yaniv 2017). Of m accepted held-out
    samples k are wrong; the threshold is accepted if the upper limit of Clopper & Pearson,
    at confidence 1 − δ / candidates, is at most ``risk``, that is if P(Binomial(m, risk) ≤ k) ≤
    δ / candidates, with δ = 1 − confidence.

    The paper bisects, which lets the labels decide which thresholds are tested, and divides δ by
    the number of steps. Here the candidates are fixed before any label is seen, CANDIDATES equal
    steps of coverage less those that are too small to pass even without a mistake, so the union
    bound over them holds without an assumption on the risk's shape.

    Args:
        scores: Confidences of held-out samples, (n,), higher where the prediction is surer.
        wrong: Whether each of their predictions is wrong, (n,) bool.
        risk: Largest share of wrong predictions among the accepted, in (0, 1).
        confidence: Probability of the guarantee, 1 − δ, in (0, 1).

    Returns:
        The threshold, just above the highest rejected score; ∞, which accepts nothing, where no
        candidate passes: the risk is too small for the classifier, or for so few samples. Without
        a mistake m ≥ log(δ / candidates) / log(1 − risk) samples are needed.

    Raises:
        ValueError: If ``risk`` or ``confidence`` is outside (0, 1), or the scores are not as
            described.

    Examples:
        >>> scores, wrong = np.arange(1000), np.arange(1000) < 100
        >>> chosen = guaranteed_threshold(scores, wrong, risk=0.05)
        >>> [round(value, 3) for value in chosen]
        [79.0, 0.92, 0.022, 0.041]
        >>> guaranteed_threshold(scores[:9], np.zeros(9, bool), risk=0.05)
        GuaranteedThreshold(threshold=inf, coverage=0.0, risk=nan, bound=1.0)
    """
    for name, value in {"risk": risk, "confidence": confidence}.items():
        if not 0 < value < 1:
            raise ValueError(f"Expected a {name} in (0, 1). Received: {value}")
    scores, wrong = _checked(scores, wrong)
    order = np.argsort(scores)
    ordered, mistakes_above = scores[order], np.cumsum(wrong[order][::-1])[::-1]
    rejected = np.unique(np.arange(CANDIDATES) * len(scores) // CANDIDATES)
    delta, rejected = _feasible(rejected, len(scores), risk, 1 - confidence)
    highest = np.where(rejected > 0, ordered[rejected - 1], -np.inf)
    first = np.searchsorted(ordered, highest, side="right")  # of equal scores none is accepted
    m, k = len(scores) - first, np.append(mistakes_above, 0)[first]
    passing = np.flatnonzero((m > 0) & (stats.binom.cdf(k, m, risk) <= delta))
    if not len(passing):
        return GuaranteedThreshold(math.inf, 0.0, math.nan, 1.0)
    best = passing[0]
    return GuaranteedThreshold(
        threshold=float(np.nextafter(highest[best], np.inf)) if first[best] else -math.inf,
        coverage=float(m[best] / len(scores)),
        risk=float(k[best] / m[best]),
        bound=float(stats.beta.ppf(1 - delta, k[best] + 1, m[best] - k[best])),
    )


def _feasible(rejected: Array, n: int, risk: float, delta: float) -> tuple[float, Array]:
    """Returns δ of each candidate, and the candidates that would pass without a mistake.

    Args:
        rejected: Numbers of rejected samples, ascending.
        n: Number of samples.
        risk: Largest share of wrong predictions.
        delta: δ of all candidates together.
    """
    for count in range(len(rejected), 0, -1):
        if (n - rejected[count - 1]) * math.log1p(-risk) <= math.log(delta / count):
            return delta / count, rejected[:count]
    return delta, rejected[:0]


def _checked(scores: Array, wrong: Array) -> tuple[Array, Array]:
    scores = real_numbers("scores", scores).astype(np.float64)
    wrong = unmasked("wrong", wrong)
    if scores.ndim != 1 or scores.shape != wrong.shape or not len(scores):
        raise ValueError(
            f"Expected scores and wrong (n,), n > 0. Received: {scores.shape} and {wrong.shape}"
        )
    require_finite("scores", scores)
    if not np.isin(wrong, (0, 1)).all():
        raise ValueError(f"Expected wrong 0 or 1. Received: {wrong.min()} … {wrong.max()}")
    return scores, wrong.astype(bool)


def _counts_by_score(scores: Array, wrong: Array) -> tuple[Array, Array, Array]:
    """Returns the distinct scores, highest first, and how many right and wrong have each."""
    scores, wrong = _checked(scores, wrong)
    levels, position = np.unique(-scores, return_inverse=True)
    total = np.bincount(position, minlength=len(levels))
    mistakes = np.bincount(position[wrong], minlength=len(levels))
    return -levels, total - mistakes, mistakes


def _areas(right: Array, mistakes: Array) -> RiskAreas:
    """Returns the areas of numbers of right and wrong samples at each score, highest first."""
    size = right + mistakes
    n, errors = int(size.sum()), int(mistakes.sum())
    after, before = np.cumsum(size), np.cumsum(size) - size
    wrong_before = np.cumsum(mistakes) - mistakes
    harmonic = np.append(0.0, np.cumsum(1 / np.arange(1, n + 1)))
    slope = mistakes / np.maximum(size, 1)
    risks = mistakes + (wrong_before - slope * before) * (harmonic[after] - harmonic[before])
    aurc = float(risks.sum()) / n
    augrc = float((size * (2 * wrong_before + mistakes)).sum()) / (2 * n**2)
    best = (errors - (n - errors) * (harmonic[n] - harmonic[n - errors])) / n
    best_generalized = errors**2 / (2 * n**2)
    return RiskAreas(aurc, augrc, float(aurc - best), augrc - best_generalized)

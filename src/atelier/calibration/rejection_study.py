"""Rejection by confidence scores: areas of risk, and the rule of a served model."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from atelier.calibration.density import DensityModel
from atelier.calibration.mistakes import mistake_scores
from atelier.calibration.params import RejectionParams
from atelier.calibration.rejection import (
    GuaranteedThreshold,
    guaranteed_threshold,
    risk_area_intervals,
    risk_areas,
)
from atelier.evaluation.intervals import with_interval
from atelier.types import Array, Arrays, Metrics

CALIBRATED = "calibrated"
"""The score that is the largest probability of the chosen calibrator."""


class ScoredSplit(NamedTuple):
    """The confidence scores of a split, and whether its predictions are wrong."""

    scores: Mapping[str, Array]
    """Each (n,), higher where the network is more confident."""
    wrong: Array
    """(n,) bool."""


class RejectionRule(NamedTuple):
    """Which score rejects a sample, and below which value."""

    score: str
    threshold: float
    """Samples whose score is below are rejected: −∞ rejects none, ∞ all."""
    rule: str
    """``quantile`` or ``risk``."""
    text: str
    """What the rule says, for a description."""

    def record(self) -> dict[str, Any]:
        """Returns the rule for JSON; ``rejects`` is ``all``, ``none`` or ``below``."""
        finite = bool(np.isfinite(self.threshold))
        kind = "below" if finite else ("all" if self.threshold > 0 else "none")
        value = self.threshold if finite else None
        return self._asdict() | {"threshold": value, "rejects": kind}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "RejectionRule":
        """Returns the rule of a :meth:`record`."""
        limits = {"all": np.inf, "none": -np.inf, "below": record["threshold"]}
        threshold = float(limits[record["rejects"]])
        return cls(record["score"], threshold, record["rule"], record["text"])


def scored_split(
    logits: Array, labels: Array, probs: Array, *, temperature: float, density: DensityModel | None
) -> ScoredSplit:
    """Returns every confidence score of a split, and which predictions are wrong.

    Args:
        logits: (n, classes).
        labels: (n,), integers in [0, classes).
        probs: Probabilities of the chosen calibrator, (n, classes), whose most probable class is
            the prediction.
        temperature: T of temperature scaling.
        density: A density model of logits; None where the values were probabilities.

    Returns:
        Scores by name, (n,) each, and whether each prediction is wrong, (n,) bool.
    """
    scores = mistake_scores(logits, temperature=temperature, density=density)
    calibrated = {CALIBRATED: probs.max(axis=1)}
    return ScoredSplit(scores | calibrated, np.asarray(probs.argmax(axis=1) != labels))


def stored_density(arrays: Arrays) -> DensityModel | None:
    """Returns the density model of its arrays; None where there are none."""
    return DensityModel.from_arrays(arrays) if "means" in arrays else None


def rejection_rule(
    held_out: ScoredSplit, params: RejectionParams, *, quantile: float
) -> RejectionRule:
    """Returns the rule of rejection that the parameters state, set by held-out samples.

    Args:
        held_out: Scores and mistakes that no network was trained on.
        params: Score and rule, with the risk and confidence of the rule ``risk``.
        quantile: Share of the held-out samples that the rule ``quantile`` rejects, in [0, 1).

    Returns:
        The rule: a score, its threshold, and its description in words.

    Raises:
        ValueError: If the score is none of this model's.
    """
    if params.score not in held_out.scores:
        raise ValueError(
            f"Expected a score out of {', '.join(held_out.scores)}. Received: {params.score!r}"
        )
    scores = held_out.scores[params.score]
    if params.rule == "quantile":
        threshold = float(np.quantile(scores, quantile))
        text = f"the lowest {quantile:.3g} of held-out images by {params.score}"
        return RejectionRule(params.score, threshold, params.rule, text)
    guarantee = guaranteed_threshold(
        scores, held_out.wrong, risk=params.risk, confidence=params.confidence
    )
    return RejectionRule(
        params.score, guarantee.threshold, params.rule, _risk_text(guarantee, params)
    )


def _risk_text(guarantee: GuaranteedThreshold, params: RejectionParams) -> str:
    stated = f"a risk of {params.risk:.3g} with confidence {params.confidence:.3g}"
    if not guarantee.coverage:
        return f"everything: no threshold of {params.score} guarantees {stated}"
    return (
        f"by {params.score}, so that accepted images have at most {stated} "
        f"({guarantee.coverage:.1%} of held-out images accepted, "
        f"{guarantee.risk:.2%} of them wrong)"
    )


def rejection_table(
    held_out: ScoredSplit, test: ScoredSplit, params: RejectionParams
) -> pd.DataFrame:
    """Measures rejection by each score.

    Args:
        held_out: Samples that set the guaranteed thresholds.
        test: Samples on which all is measured.
        params: Stated risk and confidence, and the bootstrap.

    Returns:
        A row for each score: ``n``, ``error`` (share of wrong predictions), ``aurc``, ``augrc``,
        ``excess_aurc`` and ``excess_augrc`` with 95 % intervals; the ``threshold`` that guarantees
        the stated risk, its ``bound``, and on the test samples the ``coverage`` (share accepted)
        and the ``risk`` (share of wrong ones among them) with 95 % Wilson intervals; NaN where
        none is accepted.
    """
    rows: list[dict[str, Any]] = []
    for name, scores in test.scores.items():
        row: dict[str, Any] = {"score": name, "n": len(scores), "error": float(test.wrong.mean())}
        low, high = risk_area_intervals(
            scores, test.wrong, seed=params.seed, resamples=params.resamples
        )
        for field, value in risk_areas(scores, test.wrong)._asdict().items():
            ends = {"_low": getattr(low, field), "_high": getattr(high, field)}
            row |= {field: value} | {f"{field}{end}": limit for end, limit in ends.items()}
        guarantee = guaranteed_threshold(
            held_out.scores[name], held_out.wrong, risk=params.risk, confidence=params.confidence
        )
        row |= {
            "stated_risk": params.risk,
            "threshold": guarantee.threshold,
            "bound": guarantee.bound,
        }
        rows.append(row | _accepted(scores >= guarantee.threshold, test.wrong))
    return pd.DataFrame(rows)


def _accepted(accepted: Array, wrong: Array) -> dict[str, float]:
    m, k = int(accepted.sum()), int(wrong[accepted].sum())
    none = {"risk": np.nan, "risk_low": np.nan, "risk_high": np.nan}
    risk = with_interval("risk", k, m) if m else none
    return with_interval("coverage", m, len(accepted)) | risk


def rejection_metrics(table: pd.DataFrame, score: str) -> Metrics:
    """Returns AUGRC of one score with its interval, and what its guaranteed threshold accepts.

    Args:
        table: From :func:`rejection_table`.
        score: A score of the table.
    """
    (row,) = table[table["score"] == score].to_dict("records")
    ends = ("", "_low", "_high")
    areas = {f"{name}{end}": row[f"{name}{end}"] for name in ("augrc", "aurc") for end in ends}
    accepted = {f"guaranteed_coverage{end}": row[f"coverage{end}"] for end in ends}
    risks = {f"guaranteed_risk{end}": row[f"risk{end}"] for end in ends}
    metrics = {name: float(value) for name, value in (areas | accepted | risks).items()}
    known = {name: value for name, value in metrics.items() if np.isfinite(value)}
    return known | {"stated_risk": float(row["stated_risk"]), "n": float(row["n"])}

"""Whether a new model may take the champion's place: the same images, paired intervals, margins."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import NamedTuple

import numpy as np
import pandas as pd

from atelier.evaluation.calibration_error import expected_calibration_error
from atelier.evaluation.intervals import SHARE_GAIN, UNBOUNDED, bootstrap_interval
from atelier.promotion.params import PromotionParams
from atelier.types import Array, Arrays, Images, Labels, Registry

ROUNDING = 1e-12
"""Gains and margins that differ by less are equal: they are differences of rounded means."""
TINY = 1e-12
"""Probabilities below are taken for this, so that a surprise is finite."""

Predict = Callable[[Images], Array]
"""Stored images (n, height, width, channels) → probabilities (n, classes)."""


class Evaluation(NamedTuple):
    """What a model says to the held-out images, and how long it takes."""

    probabilities: Array  # (n, classes)
    milliseconds: Array  # (turns,): per image


def evaluate_models(
    models: list[Predict], images: Images, params: PromotionParams
) -> list[Evaluation]:
    """Every model's answers; timed in turns, so that a slow minute of the machine hits them all."""
    said = [model(images) for model in models]
    batch = images[: params.batch]
    taken = np.array([[_clocked(model, batch) for model in models] for _ in range(params.turns)])
    return [
        Evaluation(probabilities, milliseconds)
        for probabilities, milliseconds in zip(said, taken.T / len(batch), strict=True)
    ]


def _clocked(model: Predict, images: Images) -> float:
    begun = perf_counter()
    model(images)
    return 1e3 * (perf_counter() - begun)


def accuracy(probabilities: Array, labels: Labels) -> float:
    """Share of images whose most probable class is right."""
    return float((probabilities.argmax(1) == labels).mean())


def surprise(probabilities: Array, labels: Labels) -> float:
    """Mean negative log-likelihood of the true class, in nats."""
    return float(-np.log(probabilities[np.arange(len(labels)), labels].clip(TINY)).mean())


MEASURES: dict[str, tuple[Callable[[Array, Labels], float], int, tuple[float, float]]] = {
    "accuracy": (accuracy, 1, SHARE_GAIN),
    "nll": (surprise, -1, UNBOUNDED),
    "ece": (expected_calibration_error, -1, SHARE_GAIN),
}
"""By name: the measure, whether more or less of it is better, and the bounds of a gain in it."""


def compare_models(
    challenger: Evaluation, champion: Evaluation, labels: Labels, params: PromotionParams
) -> pd.DataFrame:
    """A row per measure: both values, the gain (more is better) with its 95 % paired interval.

    ``verdict`` is "better" where the whole interval is above 0, "no worse" where it is above minus
    the margin, else "may be worse". Intervals are bootstrapped over images; latency's, a share of
    the champion's, over turns.
    """
    return pd.DataFrame(_rows(challenger, champion, labels, params))


def _rows(
    challenger: Evaluation, champion: Evaluation, labels: Labels, params: PromotionParams
) -> Iterator[dict[str, object]]:
    chance = {"seed": params.seed, "resamples": params.resamples}
    for name, (measure, sign, bounds) in MEASURES.items():

        def gain(new: Array, old: Array, labels: Labels) -> float:
            return sign * (measure(new, labels) - measure(old, labels))  # noqa: B023

        both = (challenger.probabilities, champion.probabilities, labels)
        yield _row(
            name,
            (measure(both[0], labels), measure(both[1], labels)),
            gain(*both),
            bootstrap_interval(gain, *both, **chance, bounds=bounds),
            getattr(params.margins, name),
        )

    def saved(new: Array, old: Array) -> float:
        return float(1 - np.median(new) / np.median(old))

    times = (challenger.milliseconds, champion.milliseconds)
    medians = float(np.median(times[0])), float(np.median(times[1]))
    interval = bootstrap_interval(saved, *times, **chance, bounds=(-float("inf"), 1.0))
    yield _row("latency", medians, saved(*times), interval, params.margins.latency)


def _row(
    name: str,
    values: tuple[float, float],
    gain: float,
    interval: tuple[float, float],
    margin: float,
) -> dict[str, object]:
    low, high = interval
    verdict = "may be worse"
    if low >= -margin - ROUNDING:
        verdict = "better" if low > ROUNDING else "no worse"
    return {
        "measure": name,
        "challenger": values[0],
        "champion": values[1],
        "gain": gain,
        "low": low,
        "high": high,
        "margin": margin,
        "verdict": verdict,
    }


def is_no_worse(table: pd.DataFrame) -> bool:
    """Whether the challenger is better or no worse by every measure."""
    return not (table["verdict"] == "may be worse").any()


def comparison_text(table: pd.DataFrame, *, images: int) -> str:
    """Every measure in a line, with its numbers."""
    lines = [
        f"- {row['measure']}: {row['verdict']}, {row['challenger']:.4g} beside "
        f"{row['champion']:.4g}; gain {row['gain']:+.4g} ({row['low']:+.4g} to "
        f"{row['high']:+.4g}), margin {row['margin']:g}"
        for row in table.to_dict("records")
    ]
    return "\n".join([*lines, f"n = {images:,} held-out images, 95 % paired bootstrap intervals."])


class Decision(NamedTuple):
    """What came of a promotion."""

    table: pd.DataFrame
    """As :func:`compare_models` gives it; a first champion is compared with itself."""
    verdict: str
    """In words; its first line says what was decided."""
    promoted: bool
    """Whether the champion is another one now."""


def promote(registry: Registry, test: Arrays, params: PromotionParams) -> Decision:
    """Let the newest version take the champion's place if it is better or no worse by everything.

    The registry is held meanwhile: of two promotions at once the second sees what the first did.
    A version that was rolled back is not promoted again.

    Args:
        registry: Of the model.
        test: Held-out ``images`` and ``labels``, which neither model has seen.
        params: Margins, and how the intervals are made.
    """
    with registry.lock():
        new, old = registry.newest(), registry.champion()
        versions = [new] if old in (None, new) else [new, str(old)]
        answers = evaluate_models([registry.model(one) for one in versions], test["images"], params)
        table = compare_models(answers[0], answers[-1], test["labels"], params)
        moved, headline = _decided(registry, table, new, old)
        verdict = f"{headline}\n\n{comparison_text(table, images=len(test['labels']))}"
        (registry.set_champion if moved else registry.record_verdict)(new, verdict)
    return Decision(table, verdict, moved)


def _decided(
    registry: Registry, table: pd.DataFrame, new: str, old: str | None
) -> tuple[bool, str]:
    """Whether the alias moves, and the sentence that says so."""
    if old is None:
        return True, f"Version {new} is the first champion: there was none to compare it with."
    if old == new:
        return False, f"Version {new} is the champion already."
    if registry.is_rolled_back(new):
        return False, f"Version {new} stays out: it was rolled back. Version {old} stays champion."
    if is_no_worse(table):
        return True, f"Version {new} takes the place of version {old}: better or no worse by all."
    worse = ", ".join(table.loc[table["verdict"] == "may be worse", "measure"])
    return False, f"Version {old} stays champion: version {new} may be worse by {worse}."

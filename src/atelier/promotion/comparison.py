"""The comparison of two models: the same images, paired intervals, margins."""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import NamedTuple

import numpy as np
import pandas as pd

from atelier.evaluation.calibration_error import expected_calibration_error
from atelier.evaluation.intervals import SHARE_GAIN, UNBOUNDED, bootstrap_interval
from atelier.evaluation.scoring_rules import negative_log_likelihood
from atelier.promotion.params import PromotionParams
from atelier.types import Array, Images, Labels

ROUNDING = 1e-12
"""Gains and margins that differ by less are equal: they are differences of rounded means."""
PROBABILITY_FLOOR = 1e-12
"""Smaller probabilities count as this, so that the likelihood is finite."""

Predict = Callable[[Images], Array]
"""Stored images, (n, height, width, channels) uint8 → probabilities, (n, classes)."""


class Evaluation(NamedTuple):
    """Probabilities of a model for the held-out images, and its latency."""

    probabilities: Array
    """(n, classes)."""
    milliseconds: Array
    """Per image, one value for each timed call, (turns,)."""


def evaluate_models(
    models: list[Predict], images: Images, params: PromotionParams
) -> list[Evaluation]:
    """Evaluates the models; they are timed in turns, so that a slow minute affects all of them.

    Args:
        models: Each maps images to probabilities.
        images: Held-out images, (n, height, width, channels) uint8.
        params: Size of a timed batch, and number of timed calls of each model.

    Returns:
        The evaluation of each model.
    """
    probabilities = [model(images) for model in models]
    batch = images[: params.batch]
    times = np.array([[_duration(model, batch) for model in models] for _ in range(params.turns)])
    return [
        Evaluation(*evaluation)
        for evaluation in zip(probabilities, times.T / len(batch), strict=True)
    ]


def _duration(model: Predict, images: Images) -> float:
    """Returns the milliseconds of one call."""
    start = perf_counter()
    model(images)
    return 1e3 * (perf_counter() - start)


def accuracy(probabilities: Array, labels: Labels) -> float:
    """Returns the share of images whose most probable class is correct.

    Examples:
        >>> import numpy as np
        >>> accuracy(np.array([[0.75, 0.25], [0.75, 0.25]]), np.array([0, 1]))
        0.5
    """
    return float((probabilities.argmax(1) == labels).mean())


class PromotionMeasure(NamedTuple):
    """A measure by which models are compared."""

    value: Callable[[Array, Labels], float]
    """Of probabilities, (n, classes), and labels, (n,)."""
    sign: int
    """1 if larger is better, −1 if smaller is."""
    bounds: tuple[float, float]
    """Least and largest difference of two values."""

    def gain(self, challenger: Array, champion: Array, labels: Labels) -> float:
        """Returns by how much the challenger is better.

        Args:
            challenger: Its probabilities, (n, classes).
            champion: Its probabilities, (n, classes).
            labels: (n,), integers in [0, classes).

        Returns:
            The difference of the values, > 0 if the challenger is better.
        """
        return self.sign * (self.value(challenger, labels) - self.value(champion, labels))


MEASURES = {
    "accuracy": PromotionMeasure(accuracy, 1, SHARE_GAIN),
    "nll": PromotionMeasure(
        partial(negative_log_likelihood, from_logits=False, floor=PROBABILITY_FLOOR), -1, UNBOUNDED
    ),
    "ece": PromotionMeasure(expected_calibration_error, -1, SHARE_GAIN),
}


def compare_models(
    challenger: Evaluation, champion: Evaluation, labels: Labels, params: PromotionParams
) -> pd.DataFrame:
    """Compares two models by accuracy, NLL, ECE and latency.

    Intervals are paired 95 % bootstrap ones over the images; that of the latency, a share of the
    champion's, is over the timed calls.

    Args:
        challenger: Evaluation of the new model.
        champion: Evaluation of the model in use, on the same images.
        labels: (n,), integers in [0, classes).
        params: Margins, resamples and seed.

    Returns:
        A row for each measure: ``measure, challenger, champion``; ``gain`` (more is better) with
        its limits ``low`` and ``high``; ``margin``; ``verdict``: "better" if the interval is above
        0, "no worse" if it is above minus the margin, else "may be worse".

    Examples:
        >>> import numpy as np
        >>> from atelier.promotion import MarginParams
        >>> margins = MarginParams(accuracy=0.01, nll=0.05, ece=0.02, latency=0.25)
        >>> params = PromotionParams(margins=margins, resamples=100, turns=3, batch=1, seed=0)
        >>> challenger = Evaluation(np.array([[0.75, 0.25]] * 20), np.ones(3))
        >>> champion = Evaluation(np.full((20, 2), 0.5), np.ones(3))
        >>> table = compare_models(challenger, champion, np.zeros(20, int), params)
        >>> table[["measure", "gain", "verdict"]].round(3).values.tolist()
        [['accuracy', 0.0, 'no worse'], ['nll', 0.405, 'better'], ['ece', 0.25, 'better'],
        ['latency', 0.0, 'no worse']]
    """
    bootstrap = partial(bootstrap_interval, seed=params.seed, resamples=params.resamples)
    pair = challenger.probabilities, champion.probabilities, labels
    rows = [
        _row(
            name,
            (measure.value(pair[0], labels), measure.value(pair[1], labels)),
            measure.gain(*pair),
            bootstrap(measure.gain, *pair, bounds=measure.bounds),
            getattr(params.margins, name),
        )
        for name, measure in MEASURES.items()
    ]
    times = challenger.milliseconds, champion.milliseconds
    medians = float(np.median(times[0])), float(np.median(times[1]))
    interval = bootstrap(_latency_gain, *times, bounds=(-float("inf"), 1.0))
    rows.append(_row("latency", medians, _latency_gain(*times), interval, params.margins.latency))
    return pd.DataFrame(rows)


def _latency_gain(challenger: Array, champion: Array) -> float:
    return float(1 - np.median(challenger) / np.median(champion))


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
    """Returns whether the challenger is better or no worse by every measure."""
    return not (table["verdict"] == "may be worse").any()


def comparison_text(table: pd.DataFrame, *, images: int) -> str:
    """Returns the table of :func:`compare_models` as a Markdown list, for ``images`` images."""
    lines = [
        f"- {row['measure']}: {row['verdict']}, challenger {row['challenger']:.4g}, champion "
        f"{row['champion']:.4g}; gain {row['gain']:+.4g} ({row['low']:+.4g} to "
        f"{row['high']:+.4g}), margin {row['margin']:g}"
        for row in table.to_dict("records")
    ]
    return "\n".join([*lines, f"n = {images:,} held-out images, 95 % paired bootstrap intervals."])

"""From a piece of the grid to rows of the study's table."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from atelier.evaluation.calibration_error import expected_calibration_error
from atelier.sweep.engine_selection import BenchmarkProblem, select_engine
from atelier.sweep.plan import Activations, Plan, Progress
from atelier.sweep.population import Population, Result, TrainingData, fit_and_predict
from atelier.types import Array, Arrays

RESULTS = (
    *("optimizer", "dropout", "learning_rate", "seed", "train_loss"),
    *("selection_accuracy", "test_accuracy", "test_nll", "test_ece", "diverged"),
)
"""The study's columns: the same on every run of a plan."""
CORRECT_COLUMN = "test_hits"
"""Which test images the member judges right, eight to a byte: what paired intervals need."""
TIMINGS = ("timing_seconds", "timing_device", "timing_engine")
"""Beside them, and never compared."""


@dataclass(frozen=True)
class Trainer:
    """Trains a chunk as it pays where it is called: it can be sent to another machine."""

    plan: Plan
    threads: int = 1
    activations: Activations = "float32"

    def __call__(
        self, members: pd.DataFrame, data: Arrays, progress: Progress = lambda _: None
    ) -> pd.DataFrame:
        """Their rows: :data:`RESULTS`, :data:`CORRECT_COLUMN` and :data:`TIMINGS`."""
        import jax

        (optimizer,), (seed,) = members["optimizer"].unique(), members["seed"].unique()
        population = Population(
            optimizer,
            members["learning_rate"].to_numpy(),
            members["dropout"].to_numpy(),
            members["seed"].to_numpy(),
        )
        order, architecture = (
            self.plan.order(len(data["train_labels"]), int(seed)),
            self.plan.architecture(data),
        )
        problem = BenchmarkProblem(architecture, self.plan.chunk, self.plan.batch_size)
        engine = select_engine(problem, threads=self.threads, activations=self.activations)
        result = fit_and_predict(
            architecture,
            population,
            TrainingData(data["train_images"], data["train_labels"], order),
            {split: data[f"{split}_images"] for split in ("selection", "test")},
            engine=engine,
            progress=progress,
        )
        labels = {split: data[f"{split}_labels"] for split in result.logits}
        hits = _is_correct(result.logits["test"], labels["test"]) & ~result.diverged[:, None]
        return _rows(members, result, labels).assign(
            test_hits=[np.packbits(row).tobytes() for row in hits],
            timing_seconds=result.seconds,
            timing_device=jax.devices()[0].device_kind,
            timing_engine=engine.name,
        )


def _rows(members: pd.DataFrame, result: Result, labels: dict[str, Array]) -> pd.DataFrame:
    """The results; a member that diverged judges nothing right and has no loss."""
    scores = pd.DataFrame(
        {
            "train_loss": _means(result.losses),
            "selection_accuracy": _is_correct(result.logits["selection"], labels["selection"]).mean(
                1
            ),
            "test_accuracy": _is_correct(result.logits["test"], labels["test"]).mean(1),
            "test_nll": [_nll(logits, labels["test"]) for logits in result.logits["test"]],
            "test_ece": [_ece(logits, labels["test"]) for logits in result.logits["test"]],
            "diverged": result.diverged,
        },
        index=members.index,
    )
    scores.loc[scores["diverged"], ["selection_accuracy", "test_accuracy"]] = 0.0
    scores.loc[scores["diverged"], ["train_loss", "test_nll", "test_ece"]] = np.nan
    return pd.concat([members, scores], axis=1)[list(RESULTS)]


def _means(losses: Array) -> Array:
    """Mean loss over the training's steps, as Keras' ``fit`` reports it."""
    return np.asarray(losses.mean(1, dtype=np.float64))


def _is_correct(logits: Array, labels: Array) -> Array:
    return np.asarray(logits.argmax(-1) == labels)


def _log_probs(logits: Array) -> Array:
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)))


def _nll(logits: Array, labels: Array) -> float:
    if not np.isfinite(logits).all():
        return float("nan")
    return float(-_log_probs(logits)[np.arange(len(labels)), labels].mean())


def _ece(logits: Array, labels: Array) -> float:
    """Expected calibration error of the most probable class, 15 bins."""
    if not np.isfinite(logits).all():
        return float("nan")
    return expected_calibration_error(np.exp(_log_probs(logits)), labels)

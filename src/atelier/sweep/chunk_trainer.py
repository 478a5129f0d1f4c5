"""Trains one chunk of the grid and returns its rows of the study's table."""

from dataclasses import dataclass

import jax
import numpy as np
import pandas as pd

from atelier.evaluation.calibration_error import expected_calibration_error
from atelier.sweep.plan import Activations, Plan, Progress
from atelier.sweep.population import Population, Result, TrainingData, fit_and_predict
from atelier.sweep.steps import select_engine
from atelier.types import Array, Arrays

RESULTS = (
    *("optimizer", "dropout", "learning_rate", "seed", "train_loss"),
    *("selection_accuracy", "test_accuracy", "test_nll", "test_ece", "diverged"),
)
"""The study's columns: the same on every run of a plan."""
CORRECT_COLUMN = "test_hits"
"""Which test images the member classifies correctly, eight to a byte: paired intervals need it."""
TIMINGS = ("timing_seconds", "timing_device", "timing_engine")
"""Columns about the run, which are never compared."""


@dataclass(frozen=True)
class ChunkTrainer:
    """Trains a chunk with the engine for the machine it is called on.

    It can be pickled and sent to another machine.

    Attributes:
        plan: The study.
        threads: Members trained at once on a CPU.
        activations: Type in which they are stored between the layers.
    """

    plan: Plan
    threads: int = 1
    activations: Activations = "float32"

    def __call__(
        self, members: pd.DataFrame, data: Arrays, progress: Progress = lambda _: None
    ) -> pd.DataFrame:
        """Trains the members and evaluates them.

        Args:
            members: A row per training, of one optimizer and one seed.
            data: Images and labels of the three splits.
            progress: Called with the number of member-steps done since its last call.

        Returns:
            A row per member: :data:`RESULTS`, :data:`CORRECT_COLUMN` and :data:`TIMINGS`.
        """
        architecture = self.plan.architecture(data)
        engine = select_engine(threads=self.threads, activations=self.activations)
        result = fit_and_predict(
            architecture,
            _population(members),
            self._training_data(members, data),
            {split: data[f"{split}_images"] for split in ("selection", "test")},
            engine=engine,
            progress=progress,
        )
        labels = {split: data[f"{split}_labels"] for split in result.logits}
        correct = _is_correct(result.logits["test"], labels["test"]) & ~result.diverged[:, None]
        return _rows(members, result, labels).assign(
            test_hits=[np.packbits(row).tobytes() for row in correct],
            timing_seconds=result.seconds,
            timing_device=jax.devices()[0].device_kind,
            timing_engine=engine.layout,
        )

    def _training_data(self, members: pd.DataFrame, data: Arrays) -> TrainingData:
        (seed,) = members["seed"].unique()
        order = self.plan.order(len(data["train_labels"]), int(seed))
        return TrainingData(data["train_images"], data["train_labels"], order)


def packed_predictions(table: pd.DataFrame) -> Array:
    """Stacks the bits that say which test images each member classifies correctly.

    Args:
        table: A row per member, with :data:`CORRECT_COLUMN`.

    Returns:
        The bits, (members, bytes) uint8, for :func:`correct_predictions`.
    """
    return np.stack([np.frombuffer(bits, np.uint8) for bits in table[CORRECT_COLUMN]])


def correct_predictions(packed: Array, images: int) -> Array:
    """Unpacks which test images each member classifies correctly.

    Args:
        packed: From :func:`packed_predictions`, (members, bytes) uint8.
        images: Number of test images.

    Returns:
        Booleans of shape (members, images).

    Examples:
        >>> correct_predictions(np.array([[0b10100000]], np.uint8), 3)
        array([[ True, False,  True]])
    """
    return np.unpackbits(packed, axis=1, count=images).astype(bool)


def _population(members: pd.DataFrame) -> Population:
    (optimizer,) = members["optimizer"].unique()
    names = {
        "rates": "learning_rate",
        "dropouts": "dropout",
        "seeds": "seed",
        "decays": "weight_decay",
        "schedules": "schedule",
    }
    columns = {field: members[name].to_numpy() for field, name in names.items() if name in members}
    return Population(optimizer, **columns)


def _rows(members: pd.DataFrame, result: Result, labels: dict[str, Array]) -> pd.DataFrame:
    """Scores each member; one that diverged has accuracy 0, and no loss, likelihood or ECE."""
    selection, test = result.logits["selection"], result.logits["test"]
    scores = pd.DataFrame(
        {
            "train_loss": _mean_losses(result.losses),
            "selection_accuracy": _is_correct(selection, labels["selection"]).mean(1),
            "test_accuracy": _is_correct(test, labels["test"]).mean(1),
            "test_nll": [_nll(logits, labels["test"]) for logits in test],
            "test_ece": [_ece(logits, labels["test"]) for logits in test],
            "diverged": result.diverged,
        },
        index=members.index,
    )
    scores.loc[scores["diverged"], ["selection_accuracy", "test_accuracy"]] = 0.0
    scores.loc[scores["diverged"], ["train_loss", "test_nll", "test_ece"]] = np.nan
    return pd.concat([members, scores], axis=1)


def _mean_losses(losses: Array) -> Array:
    """Averages the loss over the training's steps, as Keras' ``fit`` reports it."""
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
    """Computes the expected calibration error of the most probable class, 15 bins."""
    if not np.isfinite(logits).all():
        return float("nan")
    return expected_calibration_error(np.exp(_log_probs(logits)), labels)

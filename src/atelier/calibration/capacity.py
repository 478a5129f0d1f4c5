"""What makes a network overconfident: capacity, weight decay, long training (Guo et al. 2017)."""

import logging
from collections.abc import Iterator
from typing import NamedTuple

import keras
import numpy as np
import pandas as pd
from scipy.special import softmax
from tqdm import tqdm

from atelier.calibration.networks import dense_network
from atelier.calibration.params import CapacityParams, DenseParams
from atelier.calibration.scaling import TemperatureScaling
from atelier.data.splits import random_subset
from atelier.evaluation import expected_calibration_error, negative_log_likelihood
from atelier.evaluation.intervals import SHARE, bootstrap_interval
from atelier.training.batches import to_unit
from atelier.training.fitting import fit_all_epochs
from atelier.training.params import TrainingParams
from atelier.training.resume import Row, Rows, fingerprint_of, run_rounds
from atelier.types import Array, Arrays, Checkpoint, History, MetricLog

logger = logging.getLogger(__name__)

RESAMPLES = 200
"""Of the bootstrap intervals."""


class CapacitySetting(NamedTuple):
    """One network of the study."""

    factor: str
    level: float
    network: DenseParams
    seed: int


def capacity_settings(params: CapacityParams) -> Iterator[CapacitySetting]:
    """Yields every network of the study: seed by seed, factor by factor, level by level."""
    reference = params.reference.model_dump()
    for seed in params.seeds:
        for factor, levels in params.changes.items():
            for level in levels:
                network = DenseParams.model_validate(reference | {factor: level})
                yield CapacitySetting(factor, float(level), network, seed)


def capacity_study(
    train: Arrays, calibration: Arrays, test: Arrays, params: CapacityParams, checkpoint: Checkpoint
) -> pd.DataFrame:
    """Trains the networks of the study one by one and evaluates each (Guo et al. 2017, § 3).

    Args:
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
        calibration: Likewise; each network's temperature is fitted on it.
        test: Likewise; error, likelihood and calibration are of this split.
        params: The networks and the recipe.
        checkpoint: Keeps the row of each finished network; the study continues after the last.

    Returns:
        A row for each network: its setting, ``parameters``, ``n``, ``error``, ``nll``, ``ece`` with
        ``ece_low`` and ``ece_high``, ``temperature``, and ``ece_after`` temperature scaling.
    """
    study = CapacityStudy(train, calibration, test, params)
    identity = fingerprint_of(params.model_dump_json(), train, calibration, test)
    return pd.DataFrame(run_rounds(study, identity, curve=[], checkpoint=checkpoint))


class CapacityStudy:
    """The study; its rounds are networks, and all that a later round needs is in the rows.

    Args:
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
        calibration: Likewise.
        test: Likewise.
        params: The networks and the recipe.
    """

    def __init__(
        self, train: Arrays, calibration: Arrays, test: Arrays, params: CapacityParams
    ) -> None:
        self.splits, self.params = (train, calibration, test), params
        self.settings = list(capacity_settings(params))

    def state(self) -> dict[str, Array]:
        """Returns nothing: networks are independent."""
        return {}

    def restore(self, state: Arrays) -> None:
        """Does nothing."""

    def finished(self, history: Rows) -> bool:
        """Returns whether each network has its row."""
        return len(history) == len(self.settings)

    def advance(self, history: Rows) -> Row:
        """Trains and evaluates the next network, or takes the row of an equal one."""
        setting = self.settings[len(history)]
        row = equal_network(history, setting) or _study(setting, *self.splits, self.params)
        logger.debug(
            "network %d/%d, %s %g: error %.3f, ECE %.3f",
            len(history) + 1, len(self.settings), setting.factor, setting.level,
            row["error"], row["ece"],
        )  # fmt: skip
        return row


def equal_network(rows: Rows, setting: CapacitySetting) -> Row | None:
    """Returns the row of the same network under another factor: the reference is trained once."""
    network = setting.network.model_dump() | {"seed": setting.seed}
    for row in rows:
        if all(row[name] == value for name, value in network.items()):
            return row | {"factor": setting.factor, "level": setting.level}
    return None


def _study(
    setting: CapacitySetting,
    train: Arrays,
    calibration: Arrays,
    test: Arrays,
    params: CapacityParams,
) -> Row:
    training = params.training.model_copy(
        update={"seed": setting.seed, "weight_decay": setting.network.weight_decay}
    )
    model = train_dense_network(setting.network, train, training, classes=_classes(train))
    held_out, logits = (_logits(model, split) for split in (calibration, test))
    scaling = TemperatureScaling().fit(held_out, calibration["labels"])
    before, after = softmax(logits, axis=1), scaling.transform(logits)
    correct = (logits.argmax(axis=1) == test["labels"]).astype(float)
    ece = expected_calibration_error
    low, high = bootstrap_interval(
        ece,
        before.max(axis=1),
        correct,
        seed=setting.seed,
        resamples=RESAMPLES,
        bounds=SHARE,
    )
    return {
        "factor": setting.factor,
        "level": setting.level,
        **setting.network.model_dump(),
        "seed": setting.seed,
        "parameters": model.count_params(),
        "n": len(correct),
        "error": 1 - correct.mean(),
        "nll": negative_log_likelihood(logits, test["labels"]),
        "ece": ece(before, test["labels"]),
        "ece_low": low,
        "ece_high": high,
        "temperature": scaling.temperature_,
        "ece_after": ece(after, test["labels"]),
    }


def train_dense_network(
    network: DenseParams,
    train: Arrays,
    training: TrainingParams,
    *,
    classes: int,
    callbacks: tuple[keras.callbacks.Callback, ...] = (),
) -> keras.Model:
    """Trains a dense network for all epochs of a recipe, without validation.

    Args:
        network: Width, depth and normalization.
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
        training: The recipe; its seed is also that of the first weights.
        classes: Number of logits.
        callbacks: Keras callbacks.

    Returns:
        The trained network.
    """
    model = dense_network(
        classes,
        shape=train["images"].shape[1:],
        width=network.width,
        depth=network.depth,
        batch_normalisation=network.batch_normalisation,
        seed=training.seed,
    )
    return fit_all_epochs(model, train, training, callbacks=callbacks)


def _classes(train: Arrays) -> int:
    return int(train["labels"].max()) + 1


def _logits(model: keras.Model, split: Arrays) -> Array:
    """Without a graph, which costs each of many small networks more than it saves."""
    return np.asarray(model(to_unit(split["images"]), training=False))


class _TestRecorder(keras.callbacks.Callback):
    """Records error, likelihood and calibration on the test split after every epoch."""

    def __init__(self, test: Arrays, curve: MetricLog, epochs: int) -> None:
        super().__init__()
        self.test, self.curve = test, curve
        self.history: list[dict[str, float]] = []
        self._bar = tqdm(total=epochs, desc="overtraining", unit="epoch", leave=False, disable=None)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Evaluates the network as it is now."""
        logits, labels = _logits(self.model, self.test), self.test["labels"]
        row = {
            "train_nll": float((logs or {})["loss"]),
            "test_nll": negative_log_likelihood(logits, labels),
            "test_error": float((logits.argmax(axis=1) != labels).mean()),
            "test_ece": expected_calibration_error(softmax(logits, axis=1), labels),
        }
        self.history.append(row)
        self.curve.append(row)
        self._bar.update()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Closes the progress bar."""
        self._bar.close()


def overtrain(
    train: Arrays, calibration: Arrays, test: Arrays, params: CapacityParams, curve: MetricLog
) -> tuple[dict[str, Array], History]:
    """Trains a network far past its best likelihood, on part of the training images.

    Args:
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
        calibration: Likewise.
        test: Likewise; evaluated after each epoch.
        params: ``overtrained``, ``overtrained_epochs``, ``overtrained_images`` and the recipe.
        curve: Receives the row of each epoch.

    Returns:
        Logits and labels of the calibration and the test split (``calibration_logits`` …), and a
        row for each epoch: ``train_nll``, ``test_nll``, ``test_error`` and ``test_ece``.
    """
    training = params.training.model_copy(
        update={
            "epochs": params.overtrained_epochs,
            "weight_decay": params.overtrained.weight_decay,
            "seed": params.seeds[0],
        }
    )
    recorder = _TestRecorder(test, curve, training.epochs)
    subset = random_subset(train, params.overtrained_images, seed=training.seed)
    model = train_dense_network(
        params.overtrained, subset, training, classes=_classes(train), callbacks=(recorder,)
    )
    splits = {"calibration": calibration, "test": test}
    logits = {f"{name}_logits": _logits(model, split) for name, split in splits.items()}
    labels = {f"{name}_labels": split["labels"] for name, split in splits.items()}
    return logits | labels, recorder.history

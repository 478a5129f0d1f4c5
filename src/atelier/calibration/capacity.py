"""What about a network makes it overconfident (Guo et al. 2017, § 3): capacity, decay, time."""

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
from scipy.special import softmax
from tqdm import tqdm

from atelier.calibration.networks import dense_network
from atelier.calibration.params import CapacityParams, DenseParams
from atelier.calibration.scaling import TemperatureScaling
from atelier.data.splits import random_subset
from atelier.evaluation.calibration_error import expected_calibration_error, negative_log_likelihood
from atelier.evaluation.intervals import SHARE, bootstrap_interval
from atelier.training.batches import to_unit
from atelier.training.fitting import fingerprint, fit_all_epochs
from atelier.training.params import TrainingParams
from atelier.types import Array, Arrays, Checkpoint, History, MetricLog

logger = logging.getLogger(__name__)

RESAMPLES = 200


class CapacitySetting(NamedTuple):
    """One network of the study."""

    factor: str
    level: float
    network: DenseParams
    seed: int


def capacity_settings(params: CapacityParams) -> Iterator[CapacitySetting]:
    """Every network of the study: seed by seed, factor by factor, level by level."""
    reference = params.reference.model_dump()
    for seed in params.seeds:
        for factor, levels in params.changes.items():
            for level in levels:
                network = DenseParams.model_validate(reference | {factor: level})
                yield CapacitySetting(factor, float(level), network, seed)


def capacity_study(
    train: Arrays, calibration: Arrays, test: Arrays, params: CapacityParams, checkpoint: Checkpoint
) -> pd.DataFrame:
    """A row for each network: error, likelihood and calibration on ``test``, and the temperature
    fitted on ``calibration`` with what it repairs.

    Each finished network is kept in ``checkpoint``: a study that was killed goes on with the next.
    """
    identity = fingerprint(params.model_dump_json(), train, calibration, test)
    state = checkpoint.restore(identity) or {}
    rows: list[dict[Any, Any]] = pd.DataFrame(dict(state)).to_dict("records")
    todo = list(capacity_settings(params))
    for setting in tqdm(todo[len(rows) :], desc="capacity study", unit="network", disable=None):
        rows.append(_known(rows, setting) or _study(setting, train, calibration, test, params))
        checkpoint.save(identity, {name: np.array([row[name] for row in rows]) for name in rows[0]})
        logger.info(
            "network %d/%d, %s %g: error %.3f, ECE %.3f",
            len(rows), len(todo), setting.factor, setting.level, rows[-1]["error"], rows[-1]["ece"],
        )  # fmt: skip
    return pd.DataFrame(rows)


def _known(rows: list[dict[Any, Any]], setting: CapacitySetting) -> dict[Any, Any] | None:
    """The row of the same network under another factor: the reference is trained once."""
    same = setting.network.model_dump() | {"seed": setting.seed}
    for row in rows:
        if all(row[name] == value for name, value in same.items()):
            return row | {"factor": setting.factor, "level": setting.level}
    return None


def _study(
    setting: CapacitySetting,
    train: Arrays,
    calibration: Arrays,
    test: Arrays,
    params: CapacityParams,
) -> dict[Any, Any]:
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
    """The plain network after the last epoch of the recipe, whatever the validation would say."""
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
    """Eagerly: a graph for each of so many small networks would cost more than it saves."""
    return np.asarray(model(to_unit(split["images"]), training=False))


class _Judge(keras.callbacks.Callback):
    """Records error, likelihood and calibration on the test split after every epoch."""

    def __init__(self, test: Arrays, curve: MetricLog, epochs: int) -> None:
        super().__init__()
        self.test, self.curve = test, curve
        self.history: list[dict[str, float]] = []
        self._bar = tqdm(total=epochs, desc="overtraining", unit="epoch", disable=None)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Judge the network as it is now."""
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
        """Close the bar."""
        self._bar.close()


def overtrain(
    train: Arrays, calibration: Arrays, test: Arrays, params: CapacityParams, curve: MetricLog
) -> tuple[dict[str, Array], History]:
    """Logits of a network trained far past its best likelihood on some of the training images,
    and how it got there.
    """
    training = params.training.model_copy(
        update={
            "epochs": params.overtrained_epochs,
            "weight_decay": params.overtrained.weight_decay,
            "seed": params.seeds[0],
        }
    )
    judge = _Judge(test, curve, training.epochs)
    few = random_subset(train, params.overtrained_images, seed=training.seed)
    model = train_dense_network(
        params.overtrained, few, training, classes=_classes(train), callbacks=(judge,)
    )
    splits = {"calibration": calibration, "test": test}
    logits = {f"{name}_logits": _logits(model, one) for name, one in splits.items()}
    return logits | {f"{name}_labels": one["labels"] for name, one in splits.items()}, judge.history

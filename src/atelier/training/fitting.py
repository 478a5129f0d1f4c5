"""Training: a network, two splits and a recipe in; trained weights and their history out.

Every random number of an epoch (order of the images, their augmentation, dropout masks) is a
function of (seed, epoch, step). A training that was killed therefore continues from its last whole
epoch to the same weights.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from atelier.training.batches import to_unit, training_batches
from atelier.training.compilation import average_statistics, compile_for_training
from atelier.training.params import TrainingParams
from atelier.training.prediction import EVALUATION_BATCH
from atelier.training.resume import (
    Row,
    Rows,
    assign,
    fingerprint_of,
    in_order,
    numbered,
    prefixed,
    run_rounds,
    without_prefix,
)
from atelier.types import Array, Arrays, Checkpoint, History, MetricLog

logger = logging.getLogger(__name__)


class TrainedModel(NamedTuple):
    """Result of a training."""

    model: keras.Model
    history: History


def fit(
    model: keras.Model,
    train: Arrays,
    validation: Arrays,
    training: TrainingParams,
    *,
    curve: MetricLog | None = None,
    checkpoint: Checkpoint | None = None,
) -> TrainedModel:
    """Trains a model in place and gives it the weights of its best epoch.

    The best epoch has the lowest validation loss. With weight averaging the averaged weights are
    validated and returned (Polyak & Juditsky 1992; Keras' exponential form). A training continues
    from `checkpoint` if that holds a state of the same model, data and recipe.

    Args:
        model: Takes images in [0, 1], returns logits.
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
        validation: Likewise.
        training: The recipe.
        curve: Receives the metrics of each epoch as it ends.
        checkpoint: Keeps the state after each epoch. The caller clears it once the model is saved:
            if saving fails, no training is lost.

    Returns:
        The model, and a row for each epoch: ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``
        and ``seconds``.

    Examples:
        >>> import numpy as np
        >>> from atelier import training
        >>> labels = np.arange(40) % 2
        >>> images = np.zeros((40, 8, 8, 1), np.uint8)
        >>> images[labels == 1] = 200
        >>> model = training.two_layer_cnn(2, shape=(8, 8, 1), dropout=0.0, seed=0)
        >>> recipe = training.TrainingParams(
        ...     optimizer="adam", learning_rate=0.01, schedule="constant", weight_decay=0,
        ...     averaging=0, batch_size=10, epochs=3, patience=3, seed=0, threads=2,
        ...     augmentation={"degrees": 0, "scale": 0, "shear": 0, "pixels": 0},
        ... )
        >>> split = {"images": images, "labels": labels}
        >>> model, history = training.fit(model, split, split, recipe)
        >>> history[-1]["val_accuracy"]
        1.0
    """
    trainer = ClassifierTrainer(model, train, validation, training)
    identity = fingerprint_of(model.to_json() + training.model_dump_json(), train, validation)
    history = run_rounds(trainer, identity, curve=curve, checkpoint=checkpoint)
    model.set_weights(trainer.best)
    return TrainedModel(model, history)


class ClassifierTrainer:
    """A classifier in training; its rounds are epochs.

    Args:
        model: Takes images in [0, 1], returns logits; is compiled and trained in place.
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
        validation: Likewise.
        training: The recipe.
    """

    def __init__(
        self, model: keras.Model, train: Arrays, validation: Arrays, training: TrainingParams
    ) -> None:
        self.model, self.training = model, training
        self.steps = compile_for_training(model, train, training)
        if model.optimizer.use_ema:
            average_statistics(model, model.optimizer.ema_momentum)
        self.train = {name: tf.constant(array) for name, array in train.items()}
        self.validation = to_unit(validation["images"]), validation["labels"]
        self.best: list[Array] = []

    def state(self) -> dict[str, Array]:
        """Returns the weights, the optimizer's variables and the weights of the best epoch."""
        return (
            prefixed("weights", numbered(self.model.weights))
            | prefixed("optimizer", numbered(self.model.optimizer.variables))
            | prefixed("best", numbered(self.best))
        )

    def restore(self, state: Arrays) -> None:
        """Takes up a saved state."""
        assign(self.model.weights, without_prefix("weights", state))
        assign(self.model.optimizer.variables, without_prefix("optimizer", state))
        self.best = in_order(without_prefix("best", state))

    def finished(self, history: Rows) -> bool:
        """Returns whether all epochs are done, or the last ``patience`` of them were no better."""
        waited = len(history) - 1 - best_epoch(history) if history else 0
        return len(history) >= self.training.epochs or waited >= self.training.patience

    def advance(self, history: Rows) -> Row:
        """Trains one epoch, validates it and returns its metrics."""
        epoch, started = len(history), time.monotonic()
        reseed_dropout(self.model, self.training.seed, epoch)
        weights = self._run_epoch(epoch)
        row = weights.metrics | {"seconds": time.monotonic() - started}
        if best_epoch([*history, row]) == epoch:
            self.best = weights.validated
        self._report(epoch, row)
        return row

    def _run_epoch(self, epoch: int) -> EpochWeights:
        name = f"epoch {epoch + 1}/{self.training.epochs}"
        averaging = [keras.callbacks.SwapEMAWeights()] if self.model.optimizer.use_ema else []
        weights = EpochWeights()
        with tqdm(total=self.steps, desc=name, unit="step", leave=False, disable=None) as bar:
            count = keras.callbacks.LambdaCallback(
                on_train_batch_end=lambda step, logs=None: bar.update(step + 1 - bar.n)
            )
            self.model.fit(
                training_batches(self.train, self.training, epochs=range(epoch, epoch + 1)),
                validation_data=self.validation,
                validation_batch_size=EVALUATION_BATCH,
                steps_per_epoch=self.steps,
                shuffle=False,
                callbacks=[count, weights, *averaging],
                verbose=0,
            )
        assign(self.model.trainable_variables, numbered(weights.trained))
        return weights

    def _report(self, epoch: int, row: Mapping[str, float]) -> None:
        logger.debug(
            "epoch %d/%d: accuracy %.4f, validation %.4f, %.0f s; at most %.0f s left",
            epoch + 1,
            self.training.epochs,
            row["accuracy"],
            row["val_accuracy"],
            row["seconds"],
            (self.training.epochs - epoch - 1) * row["seconds"],
        )


class EpochWeights(keras.callbacks.Callback):
    """Takes the weights of one epoch before Keras exchanges them, and its metrics.

    With averaging, Keras validates the averaged weights, and leaves them in the model when `fit`
    ends. The next epoch goes on from the trained ones.
    """

    def __init__(self) -> None:
        super().__init__()
        self.validated: list[Array] = []
        self.trained: list[Array] = []
        self.metrics: dict[str, float] = {}

    def on_test_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Takes the weights that were just validated."""
        self.validated = self.model.get_weights()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Takes the trained weights, and the metrics of training and validation."""
        self.trained = [np.asarray(variable) for variable in self.model.trainable_variables]
        self.metrics = {name: float(value) for name, value in (logs or {}).items()}


def best_epoch(history: History) -> int:
    """Returns the first epoch with the lowest validation loss, counted from 0."""
    return min(range(len(history)), key=lambda epoch: history[epoch]["val_loss"])


def reseed_dropout(model: keras.Model, seed: int, epoch: int) -> None:
    """Makes the dropout masks of an epoch a function of seed, epoch and layer alone.

    Args:
        model: Its dropout layers are set, in place.
        seed: Of the training.
        epoch: From 0.
    """
    for index, layer in enumerate(model.layers):
        if isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
            sequence = np.random.SeedSequence((seed, epoch, index))
            layer.seed_generator.state.assign(sequence.generate_state(2, np.uint32))


def fit_all_epochs(
    model: keras.Model,
    train: Arrays,
    training: TrainingParams,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.Model:
    """Trains a model in place for all epochs of the recipe, without validation.

    Args:
        model: Takes images in [0, 1], returns logits.
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
        training: The recipe; its ``patience`` and ``averaging`` have no effect.
        callbacks: Keras callbacks, called as by `keras.Model.fit`.

    Returns:
        The same model.
    """
    steps = compile_for_training(model, train, training)
    model.fit(
        training_batches(train, training),
        epochs=training.epochs,
        steps_per_epoch=steps,
        shuffle=False,
        callbacks=list(callbacks),
        verbose=0,
    )
    return model

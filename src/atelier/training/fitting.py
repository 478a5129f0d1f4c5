"""Training: a network, two splits and a recipe in; trained weights and their history out.

Every random number of an epoch (order of the images, their augmentation, dropout's masks) is a
function of (seed, epoch, step). A training that was killed therefore goes on from its last whole
epoch to the very weights that it would have had.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from tqdm import tqdm

from atelier.data.shares import rounded_share
from atelier.training.batches import to_unit, training_batches
from atelier.training.params import TrainingParams
from atelier.training.resume import history_from_arrays, history_to_arrays
from atelier.types import Array, Arrays, Checkpoint, History, MetricLog

logger = logging.getLogger(__name__)

EVALUATION_BATCH = 500


class TrainedModel(NamedTuple):
    """What a training gives back."""

    model: keras.Model
    history: History


def build_optimizer(training: TrainingParams, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer that the recipe names, its rate constant or one cycle over ``steps`` steps.

    The cycle (Smith & Topin 2017) rises from a tenth of the rate over the first 30 % of the steps
    and falls to a thousandth along a cosine.
    """
    peak, warmup = training.learning_rate, rounded_share(0.3, steps)
    rates: dict[str, Any] = {
        "constant": peak,
        "one_cycle": keras.optimizers.schedules.CosineDecay(
            peak / 10, steps - warmup, alpha=1e-3, warmup_target=peak, warmup_steps=warmup
        ),
    }
    averaging = training.averaging
    return keras.optimizers.get(
        {
            "class_name": training.optimizer,
            "config": {
                "learning_rate": rates[training.schedule],
                "weight_decay": training.weight_decay or None,
                "use_ema": averaging > 0,
                "ema_momentum": averaging,
            },
        }
    )


def fingerprint(description: str, *splits: Arrays) -> str:
    """Digest of all that decides a result: a checkpoint is used again only for the same.

    Args:
        description: The network and every parameter, as text.
        splits: The arrays that it learns from and is judged on.
    """
    digest = hashlib.sha256(description.encode())
    for split in splits:
        for name in sorted(split):
            digest.update(np.ascontiguousarray(split[name]).data)
    return digest.hexdigest()


class EpochRecorder(keras.callbacks.Callback):
    """Keeps the best weights, writes curve and checkpoint, stops when patience has run out."""

    def __init__(
        self, training: TrainingParams, curve: MetricLog, checkpoint: Checkpoint, identity: str
    ) -> None:
        super().__init__()
        self.training, self.curve = training, curve
        self.checkpoint, self.identity = checkpoint, identity
        self.history: list[dict[str, float]] = []
        self.best_epoch = -1
        self.best: list[Array] = []
        self.first_epoch = 0
        self._validated: list[Array] = []
        self._started = 0.0
        self._bar: Any = None

    def restore(self, state: Arrays) -> None:
        """Take up a saved state: weights, optimizer, best weights, history."""
        model = self.model
        for group, variables in self._groups().items():
            for index, variable in enumerate(variables):
                variable.assign(state[f"{group}.{index}"])
        self.best = [state[f"best.{index}"] for index in range(len(model.weights))]
        self.best_epoch = int(state["best_epoch"])
        self.history = history_from_arrays(state)
        self.first_epoch = len(self.history)

    def _groups(self) -> dict[str, Sequence[Any]]:
        return {"weights": self.model.weights, "optimizer": self.model.optimizer.variables}

    def _state(self) -> dict[str, Array]:
        groups = self._groups() | {"best": self.best}
        state = {
            f"{group}.{index}": np.asarray(value)
            for group, values in groups.items()
            for index, value in enumerate(values)
        }
        return state | history_to_arrays(self.history) | {"best_epoch": np.array(self.best_epoch)}

    @property
    def exhausted(self) -> bool:
        """Whether the last ``patience`` epochs brought no better validation loss."""
        return len(self.history) - 1 - self.best_epoch >= self.training.patience

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Begin the clock and the bar; draw this epoch's dropout seeds."""
        self._started = time.monotonic()
        total = self.params.get("steps")
        name = f"epoch {epoch + 1}/{self.training.epochs}"
        self._bar = tqdm(total=total, desc=name, unit="step", leave=False, disable=None)
        for index, layer in enumerate(self.model.layers):
            if isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
                layer.seed_generator.state.assign(dropout_seed(self.training.seed, epoch, index))

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Advance the bar."""
        self._bar.update()

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Note the weights that were just validated."""
        self._validated = self.model.get_weights()  # the averaged ones, where averaging is on

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record the epoch everywhere, and stop where patience has run out."""
        self._bar.close()
        metrics = {name: float(value) for name, value in (logs or {}).items()}
        metrics["seconds"] = time.monotonic() - self._started
        self.history.append(metrics)
        if not self.best or metrics["val_loss"] < self.history[self.best_epoch]["val_loss"]:
            self.best, self.best_epoch = self._validated, epoch
        self.curve.append(metrics)
        self.checkpoint.save(self.identity, self._state())
        self._report(epoch, metrics)
        self.model.stop_training = self.exhausted

    def _report(self, epoch: int, metrics: dict[str, float]) -> None:
        left = (self.training.epochs - epoch - 1) * metrics["seconds"]
        logger.info(
            "epoch %d/%d: accuracy %.4f, validation %.4f, %.0f s; at most %.0f s left",
            epoch + 1,
            self.training.epochs,
            metrics["accuracy"],
            metrics["val_accuracy"],
            metrics["seconds"],
            left,
        )


def dropout_seed(seed: int, epoch: int, layer: int) -> Array:
    """The state, (2,) uint32, of one dropout layer's generator at the start of an epoch."""
    return np.random.SeedSequence((seed, epoch, layer)).generate_state(2, np.uint32)


def fit(
    model: keras.Model,
    train: Arrays,
    validation: Arrays,
    training: TrainingParams,
    *,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> TrainedModel:
    """Train ``model`` in place; return it with the weights of its best epoch, and its history.

    Best is the lowest validation loss. With weight averaging the averaged weights are validated
    and kept (Polyak & Juditsky 1992; Keras' exponential form). If ``checkpoint`` holds a state of
    the same model, data and recipe, the training goes on from there.

    Args:
        model: Takes images in [0, 1], returns logits.
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
        validation: Likewise.
        training: The recipe.
        curve: Receives each epoch's metrics as it ends.
        checkpoint: Keeps the state after each epoch. To be cleared by the caller once the model is
            safe: until then a failure to save it costs no training.
    """
    steps = -(-len(train["labels"]) // training.batch_size)
    compile_for_training(model, training, steps)
    identity = fingerprint(model.to_json() + training.model_dump_json(), train, validation)
    epochs = EpochRecorder(training, curve, checkpoint, identity)
    epochs.set_model(model)
    state = checkpoint.restore(identity)
    if state is not None:
        epochs.restore(state)
        for metrics in epochs.history:
            curve.append(metrics)
        logger.info("going on after epoch %d of %d", epochs.first_epoch, training.epochs)
    if epochs.first_epoch < training.epochs and not (epochs.history and epochs.exhausted):
        _run_epochs(model, train, validation, training, epochs, steps)
    model.set_weights(epochs.best)
    return TrainedModel(model, epochs.history)


def fit_all_epochs(
    model: keras.Model,
    train: Arrays,
    training: TrainingParams,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.Model:
    """Train in place for all of the recipe's epochs, validated by nothing; return the model."""
    steps = -(-len(train["labels"]) // training.batch_size)
    compile_for_training(model, training, steps)
    model.fit(
        training_batches(train, training),
        epochs=training.epochs,
        steps_per_epoch=steps,
        shuffle=False,
        callbacks=list(callbacks),
        verbose=0,
    )
    return model


def compile_for_training(model: keras.Model, training: TrainingParams, steps: int) -> None:
    """Give the model its loss (cross-entropy of logits), its optimizer and the accuracy metric."""
    model.compile(
        build_optimizer(training, steps * training.epochs),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)


def _run_epochs(
    model: keras.Model,
    train: Arrays,
    validation: Arrays,
    training: TrainingParams,
    epochs: EpochRecorder,
    steps: int,
) -> None:
    averaging = [keras.callbacks.SwapEMAWeights()] if training.averaging else []
    model.fit(
        training_batches(train, training, first_epoch=epochs.first_epoch),
        validation_data=(to_unit(validation["images"]), validation["labels"]),
        validation_batch_size=EVALUATION_BATCH,
        initial_epoch=epochs.first_epoch,
        epochs=training.epochs,
        steps_per_epoch=steps,
        shuffle=False,
        callbacks=[epochs, *averaging],
        verbose=0,
    )


def predict_logits(model: Any, images: Array) -> Array:
    """The model's logits, (n, classes) float32, for uint8 images, (n, height, width, channels)."""
    return predict_unit_logits(model, to_unit(images))


def predict_unit_logits(model: Any, images: Array) -> Array:
    """The same for images that are in [0, 1] already, or were made to leave it."""
    logits = model.predict(images, batch_size=EVALUATION_BATCH, verbose=0)
    return np.asarray(logits, np.float32)

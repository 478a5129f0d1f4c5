"""Gradient descent with rising momentum, falling rate and bounded weights: maxout's own recipe.

First on part of the images, to find the epoch with the fewest mistakes on the rest; then from there
on all of them, until those of the rest are as likely as the part was (Goodfellow et al. 2013,
§ 5.1). Killed, it goes on from its last whole epoch.
"""

import logging
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from atelier.data.shares import exact_fraction, rounded_share
from atelier.evaluation.calibration_error import negative_log_likelihood
from atelier.maxout.params import MomentumParams
from atelier.training.batches import to_unit
from atelier.training.fitting import TrainedModel, dropout_seed, fingerprint, predict_unit_logits
from atelier.training.resume import history_from_arrays, history_to_arrays
from atelier.types import Array, Arrays, Checkpoint, MetricLog

logger = logging.getLogger(__name__)


class MomentumTrainer:
    """A network on its way down: weights, velocities, and where it stands."""

    def __init__(self, model: keras.Model, train: Arrays, params: MomentumParams) -> None:
        self.model, self.params = model, params
        self.images, self.labels = tf.constant(train["images"]), tf.constant(train["labels"])
        self.velocities = [tf.Variable(tf.zeros_like(w)) for w in model.trainable_variables]
        self.steps = tf.Variable(0.0)
        self.first = rounded_share(1 - exact_fraction(params.held_out), len(train["labels"]))
        self._epoch = tf.function(self._run)

    def _run(self, order: Any, momentum: Any) -> Any:
        size = self.params.batch_size
        count = tf.shape(order)[0] // size
        total = 0.0
        for step in tf.range(count):
            rows = order[step * size : (step + 1) * size]
            total += self._step(
                tf.gather(self.images, rows), tf.gather(self.labels, rows), momentum
            )
        return total / tf.cast(count, tf.float32)

    def _step(self, images: Any, labels: Any, momentum: Any) -> Any:
        weights = self.model.trainable_variables
        with tf.GradientTape() as tape:
            logits = self.model(tf.cast(images, tf.float32) / 255, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        rate = self.params.learning_rate * self.params.decay**self.steps
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        for weight, velocity, gradient in zip(weights, self.velocities, gradients, strict=True):
            velocity.assign(momentum * velocity - rate * gradient)
            moved = weight + velocity
            weight.assign(weight.constraint(moved) if weight.constraint else moved)
        self.steps.assign_add(1.0)
        return loss

    def epoch(self, number: int, rows: int) -> float:
        """One epoch over the first ``rows`` images in an order of its own; the mean loss."""
        low, high = self.params.momentum
        momentum = low + (high - low) * min(1.0, number / self.params.saturation)
        for index, layer in enumerate(self.model.layers):
            if isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
                layer.seed_generator.state.assign(dropout_seed(self.params.seed, number, index))
        order = np.random.default_rng((self.params.seed, number)).permutation(rows)
        return float(self._epoch(tf.constant(order), tf.constant(momentum, tf.float32)))

    def state(self) -> dict[str, Array]:
        """Everything that the next epoch starts from."""
        named = {f"weight.{i}": np.asarray(w) for i, w in enumerate(self.model.get_weights())}
        named |= {f"velocity.{i}": v.numpy() for i, v in enumerate(self.velocities)}
        return named | {"steps": self.steps.numpy()}

    def restore(self, state: Arrays) -> None:
        """Stand where a saved state stood."""
        count = len(self.model.get_weights())
        self.model.set_weights([state[f"weight.{i}"] for i in range(count)])
        for index, velocity in enumerate(self.velocities):
            velocity.assign(state[f"velocity.{index}"])
        self.steps.assign(state["steps"])


def train_with_momentum(
    model: keras.Model,
    train: Arrays,
    params: MomentumParams,
    *,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> TrainedModel:
    """Train ``model`` in place by the two phases; its history has a row for each epoch.

    Args:
        model: Takes images in [0, 1], returns logits.
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,), shuffled.
        params: The recipe.
        curve: Receives each epoch's row.
        checkpoint: Keeps the state after each epoch.
    """
    descent = MomentumTrainer(model, train, params)
    identity = fingerprint(model.to_json() + params.model_dump_json(), train)
    saved = checkpoint.restore(identity)
    history: list[dict[str, float]] = []
    best: dict[str, Array] = {}
    if saved is not None:
        history = history_from_arrays(saved)
        best = {name[5:]: value for name, value in saved.items() if name.startswith("best.")}
        descent.restore(saved)
        for row in history:
            curve.append(row)
    for number in tqdm(
        range(len(history), params.epochs + params.more_epochs), desc="epochs", disable=None
    ):
        second = number >= params.epochs
        if number == params.epochs:
            descent.restore(best)
        target = history[_best(history[: params.epochs])]["train_nll"] if second else -np.inf
        if second and number > params.epochs and history[-1]["held_out_nll"] <= target:
            break
        rows = len(train["labels"]) if second else descent.first
        history.append({"loss": descent.epoch(number, rows)} | _judged(descent, train))
        if not second and _best(history) == number:
            best = descent.state()
        curve.append(history[-1])
        _keep(checkpoint, identity, descent, best, history)
        logger.info("epoch %d: %s", number + 1, {k: round(v, 4) for k, v in history[-1].items()})
    return TrainedModel(model, history)


def _best(history: list[dict[str, float]]) -> int:
    return int(np.argmin([row["held_out_error"] for row in history]))


def _judged(descent: MomentumTrainer, train: Arrays) -> dict[str, float]:
    """Likelihood of the part trained on, likelihood and error of the rest, without dropout."""
    some = slice(0, len(train["labels"]) - descent.first)  # as many as are held out
    rest = slice(descent.first, None)
    logits = {
        name: predict_unit_logits(descent.model, to_unit(train["images"][rows]))
        for name, rows in (("train", some), ("held_out", rest))
    }
    wrong = logits["held_out"].argmax(axis=1) != train["labels"][rest]
    return {
        "train_nll": negative_log_likelihood(logits["train"], train["labels"][some]),
        "held_out_nll": negative_log_likelihood(logits["held_out"], train["labels"][rest]),
        "held_out_error": float(wrong.mean()),
    }


def _keep(
    checkpoint: Checkpoint,
    identity: str,
    descent: MomentumTrainer,
    best: dict[str, Array],
    history: list[dict[str, float]],
) -> None:
    kept = {f"best.{name}": value for name, value in best.items()}
    checkpoint.save(identity, descent.state() | kept | history_to_arrays(history))

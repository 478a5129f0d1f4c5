"""Training with momentum and bounded weights, in two phases: the maxout paper's own recipe.

The first phase trains on part of the images and finds the epoch with the fewest mistakes on the
rest. The second starts from that epoch and trains on all images, until those of the rest are as
likely as the part was at that epoch (Goodfellow et al. 2013, § 5.1).
"""

import logging
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from atelier.data.shares import exact_fraction, rounded_share
from atelier.data.splits import random_subset
from atelier.evaluation import negative_log_likelihood
from atelier.maxout.params import MomentumParams
from atelier.training.batches import to_unit
from atelier.training.fitting import TrainedModel, reseed_dropout
from atelier.training.prediction import predict_unit_logits
from atelier.training.resume import (
    Row,
    Rows,
    assign,
    fingerprint_of,
    numbered,
    prefixed,
    run_rounds,
    without_prefix,
)
from atelier.types import Array, Arrays, Checkpoint, History, MetricLog

logger = logging.getLogger(__name__)


def train_with_momentum(
    model: keras.Model,
    train: Arrays,
    params: MomentumParams,
    *,
    curve: MetricLog | None = None,
    checkpoint: Checkpoint | None = None,
) -> TrainedModel:
    """Trains a model in place by the two phases (Goodfellow et al. 2013, § 5.1).

    Args:
        model: Takes images in [0, 1], returns logits.
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,), shuffled.
        params: The recipe.
        curve: Receives the row of each epoch.
        checkpoint: Keeps the state after each epoch.

    Returns:
        The model, and a row for each epoch: ``loss``, ``train_nll``, ``held_out_nll`` and
        ``held_out_error``.
    """
    trainer = MomentumTrainer(model, train, params)
    identity = fingerprint_of(model.to_json() + params.model_dump_json(), train)
    return TrainedModel(model, run_rounds(trainer, identity, curve=curve, checkpoint=checkpoint))


class MomentumTrainer:
    """A network in training; its rounds are epochs.

    Args:
        model: Takes images in [0, 1], returns logits; trained in place.
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,), shuffled.
        params: The recipe.
    """

    def __init__(self, model: keras.Model, train: Arrays, params: MomentumParams) -> None:
        self.model, self.train, self.params = model, train, params
        self.images, self.labels = tf.constant(train["images"]), tf.constant(train["labels"])
        self.velocities = [tf.Variable(tf.zeros_like(w)) for w in model.trainable_variables]
        self.steps = tf.Variable(0.0)
        share = 1 - exact_fraction(params.held_out)
        self.held_out_from = rounded_share(share, len(train["labels"]))
        self.best: dict[str, Array] = {}
        self._run_steps = tf.function(self._steps)

    def state(self) -> dict[str, Array]:
        """Returns the network's weights and velocities, now and at the best epoch."""
        return prefixed("now", self._state_now()) | prefixed("best", self.best)

    def restore(self, state: Arrays) -> None:
        """Takes up a saved state."""
        self._restore_now(without_prefix("now", state))
        self.best = without_prefix("best", state)

    def _state_now(self) -> dict[str, Array]:
        return (
            prefixed("weights", numbered(self.model.weights))
            | prefixed("velocities", numbered(self.velocities))
            | {"steps": self.steps.numpy()}
        )

    def _restore_now(self, state: Arrays) -> None:
        assign(self.model.weights, without_prefix("weights", state))
        assign(self.velocities, without_prefix("velocities", state))
        self.steps.assign(state["steps"])

    def finished(self, history: Rows) -> bool:
        """Returns whether the second phase has reached its likelihood or its last epoch."""
        first = self.params.epochs
        if len(history) <= first:
            return len(history) == first + self.params.more_epochs
        target = history[fewest_mistakes(history[:first])]["train_nll"]
        is_reached = history[-1]["held_out_nll"] <= target
        return is_reached or len(history) == first + self.params.more_epochs

    def advance(self, history: Rows) -> Row:
        """Trains one epoch, on part of the images or on all, and returns its row."""
        epoch = len(history)
        if epoch == self.params.epochs:
            self._restore_now(self.best)
        is_first_phase = epoch < self.params.epochs
        count = self.held_out_from if is_first_phase else len(self.train["labels"])
        row = {"loss": self.run_epoch(epoch, count)} | self._likelihoods()
        if is_first_phase and fewest_mistakes([*history, row]) == epoch:
            self.best = self._state_now()
        self._report(epoch, row)
        return row

    def _report(self, epoch: int, row: Row) -> None:
        logger.debug(
            "epoch %d of at most %d: loss %.4f, held-out NLL %.4f, held-out error %.2f %%",
            epoch + 1,
            self.params.epochs + self.params.more_epochs,
            row["loss"],
            row["held_out_nll"],
            100 * row["held_out_error"],
        )

    def run_epoch(self, epoch: int, count: int) -> float:
        """Trains on the first `count` images in an order of this epoch; returns the mean loss."""
        low, high = self.params.momentum
        momentum = low + (high - low) * min(1.0, epoch / self.params.saturation)
        reseed_dropout(self.model, self.params.seed, epoch)
        order = np.random.default_rng((self.params.seed, epoch)).permutation(count)
        return float(self._run_steps(tf.constant(order), tf.constant(momentum, tf.float32)))

    def _steps(self, order: Any, momentum: Any) -> Any:
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

    def _likelihoods(self) -> Row:
        """Likelihood of images trained on and held out, and the error on the latter."""
        start, total = self.held_out_from, len(self.train["labels"])
        trained, held_out = slice(0, total - start), slice(start, None)  # equally many
        trained_logits, logits = (
            predict_unit_logits(self.model, to_unit(self.train["images"][rows]))
            for rows in (trained, held_out)
        )
        labels = self.train["labels"]
        return {
            "train_nll": negative_log_likelihood(trained_logits, labels[trained]),
            "held_out_nll": negative_log_likelihood(logits, labels[held_out]),
            "held_out_error": float((logits.argmax(axis=1) != labels[held_out]).mean()),
        }


def shuffled_together(*splits: Arrays, seed: int) -> dict[str, Array]:
    """Returns the samples of all splits in one, in a random order."""
    joined = {name: np.concatenate([split[name] for split in splits]) for name in splits[0]}
    return random_subset(joined, seed=seed)


def fewest_mistakes(history: History) -> int:
    """Returns the first epoch with the lowest error on the held-out images, counted from 0."""
    return int(np.argmin([row["held_out_error"] for row in history]))

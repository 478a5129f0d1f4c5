"""Dropout (Srivastava et al. 2014): what it computes, what it is for, how sure it is."""

import itertools
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from scipy.special import logsumexp, softmax

from atelier.calibration.detection import detection, detection_intervals
from atelier.calibration.metrics import expected_calibration_error, negative_log_likelihood
from atelier.intervals import wilson_interval
from atelier.recipe import GapParams
from atelier.types import Array, Labels

Weights = list[Array]
"""Of a network of dense layers: matrix, bias, matrix, bias …"""
POSTS_NEURONS = np.arange(1.0, 9.0)
POSTS_MASK = np.array([1, 0, 0, 1, 1, 0, 1, 0])
"""The units that the post's example keeps. Its sum, 29, has a 5 that should have become 10: 34."""


def scaled_at_test(x: Array, mask: Array | None, *, keep: float) -> Array:
    """The paper's way: dropped while training, x · mask; times ``keep`` at test (no mask)."""
    return np.asarray(x * keep if mask is None else x * mask)


def scaled_at_training(x: Array, mask: Array | None, *, keep: float) -> Array:
    """TensorFlow's way: divided by ``keep`` while training, x · mask / keep; x itself at test."""
    return np.asarray(x if mask is None else x * mask / keep)


WAYS = {"scaled at test": scaled_at_test, "scaled at training": scaled_at_training}


def every_mask(units: int) -> Array:
    """All 2ⁿ masks, (2ⁿ, units), 0 or 1."""
    return np.array(list(itertools.product((0, 1), repeat=units)))


def mask_weights(masks: Array, *, keep: float) -> Array:
    """The chance of each mask, (masks,), when each unit stays with chance ``keep``."""
    stay = masks.sum(axis=1)
    return np.asarray(keep**stay * (1 - keep) ** (masks.shape[1] - stay))


def posts_example(*, keep: float = 0.5) -> pd.DataFrame:
    """The post's eight neurons both ways: under its mask, on average over all masks, at test."""
    masks = every_mask(len(POSTS_NEURONS))
    chance = mask_weights(masks, keep=keep)
    rows = []
    for name, way in WAYS.items():
        average = chance @ way(POSTS_NEURONS, masks, keep=keep)
        test = way(POSTS_NEURONS, None, keep=keep)
        once = way(POSTS_NEURONS, POSTS_MASK, keep=keep)
        sums = {"posts_mask_sum": once.sum(), "average_sum": average.sum(), "test_sum": test.sum()}
        rows.append({"way": name} | sums | {"largest_gap": np.abs(average - test).max()})
    return pd.DataFrame(rows)


def active_units(units: int, *, drop: float, batches: int, seed: int) -> Array:
    """How many of the units each batch's mask keeps, (batches,), by Keras' own layer."""
    layer = keras.layers.Dropout(drop, noise_shape=(None, units), seed=seed)
    kept = np.asarray(layer(np.ones((batches, units), np.float32), training=True)) > 0
    return np.asarray(kept.sum(axis=1))


def forward(weights: Weights, x: Array, *, scales: list[Array] | None = None) -> Array:
    """Logits, (n, classes), of rectified dense layers; ``scales`` multiply the hidden units."""
    *hidden, last = zip(weights[::2], weights[1::2], strict=True)
    for layer, (matrix, bias) in enumerate(hidden):
        x = np.maximum(x @ matrix + bias, 0)
        x = x if scales is None else x * scales[layer]
    return np.asarray(x @ last[0] + last[1])


class Trainer:
    """Trains rectified dense networks of one shape, one after another, by one compiled loop.

    Adam with Keras' constants. The batches and the masks (of each sample its own) are a function of
    the seed and the step.
    """

    def __init__(self, widths: tuple[int, ...], *, batch_size: int, learning_rate: float) -> None:
        self.widths, self.batch_size = widths, batch_size
        pairs = itertools.pairwise(widths)
        shapes = [shape for a, b in pairs for shape in ((a, b), (b,))]
        self.variables = [keras.Variable(np.zeros(shape, np.float32)) for shape in shapes]
        self.optimizer = keras.optimizers.Adam(learning_rate)
        self.optimizer.build(self.variables)
        inputs = tf.TensorSpec((None, widths[0])), tf.TensorSpec((None,), tf.int64)
        numbers = tf.TensorSpec(()), tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.int32)
        self._loop = tf.function(self._run, input_signature=(*inputs, *numbers))

    def __call__(self, x: Array, labels: Labels, *, drop: float, steps: int, seed: int) -> Weights:
        """The weights after ``steps`` steps from he_uniform ones."""
        rng = np.random.default_rng(seed)
        for variable in self.variables:
            limit = np.sqrt(6 / variable.shape[0]) if len(variable.shape) == 2 else 0.0
            variable.assign(rng.uniform(-limit, limit, variable.shape).astype(np.float32))
        for state in self.optimizer.variables:
            if state is not self.optimizer.learning_rate:
                state.assign(np.zeros(state.shape, state.dtype))
        self._loop(tf.constant(x), tf.constant(labels), tf.constant(drop, tf.float32), seed, steps)
        return [variable.numpy() for variable in self.variables]

    def _run(self, x: Any, labels: Any, drop: Any, seed: Any, steps: Any) -> None:
        for step in tf.range(steps):
            rows = tf.random.stateless_uniform(
                (self.batch_size,), (seed, 8 * step), 0, tf.shape(x)[0], tf.int32
            )
            with tf.GradientTape() as tape:
                variables = [variable.value for variable in self.variables]
                tape.watch(variables)
                out = tf.gather(x, rows)
                *hidden, (last, bias) = zip(variables[::2], variables[1::2], strict=True)
                for layer, (matrix, shift) in enumerate(hidden):
                    out = tf.nn.relu(out @ matrix + shift)
                    chance = tf.random.stateless_uniform(
                        tf.shape(out), (seed, 8 * step + 1 + layer)
                    )
                    out = tf.where(chance >= drop, out / (1 - drop), 0.0)
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(
                        tf.gather(labels, rows), out @ last + bias
                    )
                )
            self.optimizer.apply_gradients(
                zip(tape.gradient(loss, variables), self.variables, strict=True)
            )


def gap_study(
    train: tuple[Array, Labels], test: tuple[Array, Labels], params: GapParams, *, classes: int
) -> tuple[pd.DataFrame, Weights]:
    """Training and test error over a growing training set, with and without dropout: a row for
    each network; and the weights of the last one, trained on the most images with dropout.
    """
    trainer = Trainer(
        (train[0].shape[1], params.width, params.width, classes),
        batch_size=params.batch_size,
        learning_rate=params.learning_rate,
    )
    rows, weights = [], []
    for size in params.sizes:
        some = train[0][:size], train[1][:size]
        for seed, drop in itertools.product(params.seeds, (0.0, params.drop)):
            weights = trainer(*some, drop=drop, steps=params.steps, seed=seed)
            wrong, missed = (
                int((forward(weights, x).argmax(axis=1) != labels).sum())
                for x, labels in (some, test)
            )
            n, seen = len(test[1]), len(some[1])
            low, high = wilson_interval(missed, n)
            row = {"images": seen, "dropout": drop, "seed": seed, "n": n}
            errors = {"train_error": wrong / seen, "test_error": missed / n}
            rows.append(row | errors | {"test_low": low, "test_high": high})
    return pd.DataFrame(rows), weights


def gap_summary(table: pd.DataFrame) -> dict[str, float]:
    """What :func:`gap_study` found at the most images, means over the seeds: ``without_gap``,
    ``with_gap`` (test less training error), ``without_error``, ``with_error`` (of the test);
    ``images`` trained on, ``seeds``, ``n`` tested on.
    """
    most = table[table["images"] == table["images"].max()]
    arms = {"without": most[most["dropout"] == 0], "with": most[most["dropout"] > 0]}
    found = {
        f"{name}_{measure}": float(values.mean())
        for name, arm in arms.items()
        for measure, values in {
            "gap": arm["test_error"] - arm["train_error"],
            "error": arm["test_error"],
        }.items()
    }
    counts = {"images": most["images"].max(), "seeds": most["seed"].nunique(), "n": most["n"].max()}
    return found | {name: float(count) for name, count in counts.items()}


class Averages(NamedTuple):
    """Probabilities, (n, classes), of one network by three readings of dropout."""

    scaled: Array
    """The whole network, activations as at test."""
    arithmetic: Array
    """Mean over all thinned networks, by their chances."""
    geometric: Array
    """Normalised geometric mean, which one hidden layer's scaled network equals exactly."""


def thinned_averages(weights: Weights, x: Array, *, keep: float) -> Averages:
    """All 2ⁿ thinned versions of a network with one hidden layer, averaged exactly.

    Weights are of a network trained with activations divided by ``keep``.
    """
    masks = every_mask(weights[0].shape[1])
    chance = mask_weights(masks, keep=keep)
    hidden = np.maximum(x @ weights[0] + weights[1], 0)
    arithmetic, log_mean = np.zeros((2, len(x), weights[3].size))
    for mask, share in zip(masks, chance, strict=True):
        logits = (hidden * mask / keep) @ weights[2] + weights[3]
        log_probs = logits - logsumexp(logits, axis=1, keepdims=True)
        arithmetic = arithmetic + share * np.exp(log_probs)
        log_mean = log_mean + share * log_probs
    return Averages(softmax(forward(weights, x), axis=1), arithmetic, softmax(log_mean, axis=1))


class MonteCarlo(NamedTuple):
    """What many thinned networks say of each sample (Gal & Ghahramani 2016)."""

    mean: Array
    """Mean probabilities, (n, classes)."""
    spread: Array
    """Standard deviation of the winning class' probability over the masks, (n,)."""


def monte_carlo(weights: Weights, x: Array, *, drop: float, samples: int, seed: int) -> MonteCarlo:
    """Mean and spread of the probabilities under random masks, each sample under its own."""
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(samples):
        widths = (matrix.shape[1] for matrix in weights[:-2:2])
        scales = [(rng.random((len(x), width)) >= drop) / (1 - drop) for width in widths]
        drawn.append(softmax(forward(weights, x, scales=scales), axis=1))
    probs = np.stack(drawn)  # (samples, n, classes)
    mean = probs.mean(axis=0)
    rows, winner = np.arange(len(x)), mean.argmax(axis=1)
    return MonteCarlo(mean, probs[:, rows, winner].std(axis=0))


def judge_confidence(
    weights: Weights, x: Array, labels: Labels, drawn: MonteCarlo
) -> tuple[dict[str, Array], pd.DataFrame]:
    """How well three confidences know the network's mistakes.

    For the scaled network's softmax, the Monte-Carlo mean and minus its spread: the error among the
    most confident answers, (n,) each, and a row with ECE and NLL (of those that are probabilities)
    and the AUROC of right against wrong, with its interval.
    """
    scaled = forward(weights, x)
    probs = {"softmax, scaled network": softmax(scaled, axis=1), "Monte-Carlo mean": drawn.mean}
    scores = {name: one.max(axis=1) for name, one in probs.items()}
    scores["Monte-Carlo spread"] = -drawn.spread
    curves, rows = {}, []
    for name, score in scores.items():
        says = probs.get(name, drawn.mean)
        right = says.argmax(axis=1) == labels
        ordered = ~right[np.argsort(-score, kind="stable")]
        curves[name] = np.cumsum(ordered) / np.arange(1, len(x) + 1)
        low, high = detection_intervals(score[right], score[~right], seed=0)
        row = {"confidence": name, "n": len(x), "error": float((~right).mean())}
        area = detection(score[right], score[~right]).auroc
        row |= {"auroc": area, "auroc_low": low.auroc, "auroc_high": high.auroc}
        if name in probs:
            row["ece"] = expected_calibration_error(says, labels)
            row["nll"] = negative_log_likelihood(np.log(np.maximum(says, 1e-30)), labels)
        rows.append(row)
    return curves, pd.DataFrame(rows)

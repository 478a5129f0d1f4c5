"""U-Net's training: weighted cross-entropy on deformed patches, and prediction by tiles.

All that is random in a step is a function of (seed, step): a training that was killed goes on from
its last checkpoint to the very weights that it would have had.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from atelier.cells.grayscale import normalise
from atelier.cells.samples import Sample, pack
from atelier.data.shares import rounded_share
from atelier.segmentation.params import SegmenterParams
from atelier.segmentation.patches import TrainingSample, training_batch, training_samples
from atelier.segmentation.tiling import Tiling, average_over_symmetries, predict_tiled
from atelier.segmentation.unet import unet_network
from atelier.segmentation.unet_shapes import tile_margin, valid_margin
from atelier.training.fitting import TrainedModel, fingerprint
from atelier.training.resume import history_from_arrays, history_to_arrays
from atelier.types import Array, Arrays, Checkpoint, MetricLog

logger = logging.getLogger(__name__)


def build_unet(params: SegmenterParams) -> keras.Model:
    """The untrained network that the parameters name, two classes, one grey channel."""
    network = params.network
    return unet_network(
        filters=network.filters,
        depth=network.depth,
        padding=network.padding,
        dropout=network.dropout,
        seed=params.seed,
    )


def _ahead(
    lessons: Sequence[TrainingSample], params: SegmenterParams, first: int
) -> Iterator[tuple[Array, ...]]:
    """The batches from step ``first`` on, each drawn while the one before is learnt."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(training_batch, lessons, params, first)
        for step in range(first, params.steps):
            batch = coming.result()
            if step + 1 < params.steps:
                coming = pool.submit(training_batch, lessons, params, step + 1)
            yield batch


def build_unet_optimizer(params: SegmenterParams) -> keras.optimizers.Optimizer:
    """Momentum or Adam, the rate rising over the warm-up, then falling to 0 along a cosine."""
    rising = rounded_share(params.warmup, params.steps)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0 if rising else params.learning_rate,
        params.steps - rising,
        warmup_target=params.learning_rate if rising else None,
        warmup_steps=rising,
    )
    inertia = {"sgd": "momentum", "adam": "beta_1"}[params.optimizer]
    config = {"learning_rate": rate, inertia: params.momentum, "global_clipnorm": params.clip}
    return keras.optimizers.get({"class_name": params.optimizer, "config": config})


class UnetTrainer:
    """A network, its optimizer, and how far it has come."""

    def __init__(self, model: keras.Model, params: SegmenterParams) -> None:
        self.model = model
        self.optimizer = build_unet_optimizer(params)
        self.optimizer.build(model.trainable_variables)
        self._step = tf.function(self._learn, reduce_retracing=True)

    def _learn(self, images: Any, targets: Any, weights: Any) -> Any:
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            logits = self.model(images, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
            loss = tf.reduce_mean(weights * losses)
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        self.optimizer.apply(gradients, variables)
        return loss

    def learn(self, batch: tuple[Array, ...]) -> float:
        """One step; the weighted cross-entropy before it, in nats.

        Raises:
            FloatingPointError: It is not a number: the rate is too high.
        """
        loss = float(self._step(*(tf.constant(part) for part in batch)))
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"Expected a finite loss. Received: {loss}; lower learning_rate or clip"
            )
        return loss

    def _variables(self) -> list[Any]:
        return [*self.model.weights, *self.optimizer.variables]

    def state(self) -> dict[str, Array]:
        """Everything that the next step starts from."""
        return {f"variable.{i}": np.asarray(v) for i, v in enumerate(self._variables())}

    def restore(self, state: Arrays) -> None:
        """Stand where a saved state stood."""
        for index, variable in enumerate(self._variables()):
            variable.assign(state[f"variable.{index}"])


def train_segmenter(
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    params: SegmenterParams,
    *,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> TrainedModel:
    """A network trained on ``samples``; its history has a row for each ``report_every`` steps.

    A row holds the mean training loss, the validation images' IoU of cells, and seconds a step.
    Goes on from ``checkpoint`` where that holds a state of the same data and recipe.

    Raises:
        FloatingPointError: The loss is no longer a number.
    """
    model = build_unet(params)
    trainer = UnetTrainer(model, params)
    identity = fingerprint(params.model_dump_json(), pack(samples), pack(validation))
    history = _resume(trainer, checkpoint, identity, curve)
    first = int(history[-1]["step"]) if history else 0
    lessons = training_samples(samples, params.weights)
    losses: list[float] = []
    started = time.monotonic()
    bar = tqdm(total=params.steps, initial=first, unit="step", desc="U-Net", disable=None)
    for step, batch in enumerate(_ahead(lessons, params, first), start=first + 1):
        losses.append(trainer.learn(batch))
        bar.update()
        if step % params.report_every == 0 or step == params.steps:
            row = {
                "step": float(step),
                "loss": float(np.mean(losses)),
                "seconds_per_step": (time.monotonic() - started) / len(losses),
                "val_iou": mean_iou(model, validation, params),
            }
            history.append(row)
            curve.append(row)
            checkpoint.save(identity, trainer.state() | history_to_arrays(history))
            logger.info("step %d: %s", step, {k: round(v, 4) for k, v in row.items()})
            losses, started = [], time.monotonic()
    bar.close()
    return TrainedModel(model, history)


def _resume(
    trainer: UnetTrainer, checkpoint: Checkpoint, identity: str, curve: MetricLog
) -> list[dict[str, float]]:
    saved = checkpoint.restore(identity)
    if saved is None:
        return []
    trainer.restore(saved)
    history = history_from_arrays(saved)
    for row in history:
        curve.append(row)
    logger.info("going on after step %d", history[-1]["step"])
    return history


def mean_iou(model: Any, samples: Sequence[Sample], params: SegmenterParams) -> float:
    """Mean IoU of the cells' pixels over whole images, nan without any."""
    scores = []
    for sample in samples:
        found = log_odds(model, sample.image, params, tile=512) > 0
        true = sample.labels > 0
        either = (found | true).sum()
        scores.append((found & true).sum() / either if either else 1.0)
    return float(np.mean(scores)) if scores else float("nan")


def mean_logits(
    model: Any, image: Array, params: SegmenterParams, *, tile: int, turns: int = 1
) -> Array:
    """Mean logits of background and cell, (height, width, 2) float32, for a picture as it comes.

    Tiles overlap by all that an output pixel can see, and their corners meet every pooling alike,
    so that how the picture is cut does not matter.

    Args:
        model: As :func:`build_unet` makes it.
        image: Grey, RGB or RGBA, 8 or 16 bit or float, of any size.
        params: What it was built from.
        tile: Largest side of a tile's output, pixels.
        turns: Symmetries of the square to average over.
    """
    depth, padding = params.network.depth, params.network.padding
    stride, seen = 2**depth, tile_margin(depth, padding)
    crop = seen - valid_margin(depth) if padding == "valid" else seen
    inner = slice(crop, -crop or None)

    def ask(tiles: Array) -> Array:
        return np.asarray(_forward(model, tf.constant(tiles)))[:, inner, inner]

    def side_for(length: int) -> int:
        even = -(-length // -(-length // tile))  # as few tiles as may be, all of one size
        return -(-even // stride) * stride

    def whole(view: Array) -> Array:
        tiling = Tiling(side_for(view.shape[0]), side_for(view.shape[1]), seen)
        return predict_tiled(ask, view, tiling, batch=1)

    return average_over_symmetries(whole, normalise(image)[..., None], turns)


@tf.function(reduce_retracing=True)
def _forward(model: Any, tiles: Any) -> Any:
    return model(tiles, training=False)


def log_odds(
    model: Any, image: Array, params: SegmenterParams, *, tile: int, turns: int = 1
) -> Array:
    """Log of the odds of each pixel to be cell, (height, width) float32.

    Its softmax with 0 for background is the probability: see :func:`mean_logits`.
    """
    logits = mean_logits(model, image, params, tile=tile, turns=turns)
    return np.asarray(logits[..., 1] - logits[..., 0], np.float32)

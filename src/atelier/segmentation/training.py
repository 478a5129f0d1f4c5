"""U-Net's training: weighted cross-entropy on deformed patches.

All that is random in a step is a function of (seed, step). A training that was killed therefore
continues from its last checkpoint to the same weights.
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

from atelier.cells.samples import Sample, pack
from atelier.data.shares import rounded_share
from atelier.segmentation.params import SegmenterParams
from atelier.segmentation.patches import Batch, TrainingSample, training_batch, training_samples
from atelier.segmentation.prediction import mean_iou
from atelier.segmentation.unet import unet_network
from atelier.training.fitting import TrainedModel
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
from atelier.training.steps import gradient_step
from atelier.types import Array, Arrays, Checkpoint, MetricLog

logger = logging.getLogger(__name__)


def build_unet(params: SegmenterParams) -> keras.Model:
    """Builds the untrained network of the parameters, for two classes and a grey channel."""
    network = params.network
    return unet_network(
        filters=network.filters,
        depth=network.depth,
        padding=network.padding,
        dropout=network.dropout,
        seed=params.seed,
    )


def _prefetched(
    samples: Sequence[TrainingSample], params: SegmenterParams, steps: range
) -> Iterator[Batch]:
    """Yields the batch of each step; the next one is drawn while the caller learns from it."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(training_batch, samples, params, steps[0])
        for step in steps[1:]:
            batch = future.result()
            future = pool.submit(training_batch, samples, params, step)
            yield batch
        yield future.result()


def build_unet_optimizer(params: SegmenterParams) -> keras.optimizers.Optimizer:
    """Builds SGD with momentum, or Adam.

    The rate rises linearly over the warm-up, then falls to 0 along a half cosine.
    """
    rising = rounded_share(params.warmup, params.steps)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0 if rising else params.learning_rate,
        params.steps - rising,
        warmup_target=params.learning_rate if rising else None,
        warmup_steps=rising,
    )
    if params.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=params.momentum, global_clipnorm=params.clip)
    return keras.optimizers.Adam(rate, beta_1=params.momentum, global_clipnorm=params.clip)


class UnetTrainer:
    """U-Net with its optimizer, which learns from a batch at a time.

    Args:
        model: As `build_unet` builds it; trained in place.
        params: The recipe.
    """

    def __init__(self, model: keras.Model, params: SegmenterParams) -> None:
        self.model = model
        self.optimizer = build_unet_optimizer(params)
        self.optimizer.build(model.trainable_variables)
        self._step = tf.function(self._learn, reduce_retracing=True)

    def _learn(self, images: Any, targets: Any, weights: Any) -> Any:
        def loss() -> Any:
            logits = self.model(images, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
            return tf.reduce_mean(weights * losses)

        return gradient_step(loss, self.model.trainable_variables, self.optimizer)

    def learn(self, batch: Batch) -> float:
        """Takes one step and returns the weighted cross-entropy before it, in nats.

        Raises:
            FloatingPointError: The loss is not finite: the rate is too high.
        """
        loss = float(self._step(*(tf.constant(part) for part in batch)))
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"Expected a finite loss. Received: {loss}; lower learning_rate or clip"
            )
        return loss

    @property
    def variables(self) -> list[Any]:
        """Returns the weights of the model and the variables of its optimizer."""
        return [*self.model.weights, *self.optimizer.variables]


class SegmenterTraining:
    """A training of U-Net; its rounds are ``report_every`` steps and a validation.

    Args:
        samples: Images and instance labels to learn from.
        validation: Images and instance labels to validate on.
        params: The network and the recipe.
    """

    def __init__(
        self, samples: Sequence[Sample], validation: Sequence[Sample], params: SegmenterParams
    ) -> None:
        self.params, self.validation = params, validation
        self.trainer = UnetTrainer(build_unet(params), params)
        self.samples = training_samples(samples, params.weights)

    def state(self) -> dict[str, Array]:
        """Returns the weights and the optimizer's variables."""
        return prefixed("variables", numbered(self.trainer.variables))

    def restore(self, state: Arrays) -> None:
        """Assigns a saved state."""
        assign(self.trainer.variables, without_prefix("variables", state))

    def finished(self, history: Rows) -> bool:
        """Returns whether all steps are done."""
        return bool(history) and history[-1]["step"] >= self.params.steps

    def advance(self, history: Rows) -> Row:
        """Learns for some steps and validates the network."""
        params, started = self.params, time.monotonic()
        first = int(history[-1]["step"]) if history else 0
        steps = range(first, min(first + params.report_every, params.steps))
        batches = _prefetched(self.samples, params, steps)
        bar = tqdm(batches, total=len(steps), unit="step", desc="U-Net", leave=False, disable=None)
        losses = [self.trainer.learn(batch) for batch in bar]
        row = {
            "step": float(steps.stop),
            "loss": float(np.mean(losses)),
            "seconds_per_step": (time.monotonic() - started) / len(steps),
            "val_iou": mean_iou(self.trainer.model, self.validation, params),
        }
        logger.debug(
            "step %d of %d: loss %.4f, validation IoU %.4f, %.2f s a step",
            steps.stop, params.steps, row["loss"], row["val_iou"], row["seconds_per_step"],
        )  # fmt: skip
        return row


def train_segmenter(
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    params: SegmenterParams,
    *,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> TrainedModel:
    """Trains U-Net; continues from `checkpoint` if that holds a state of the same data and recipe.

    Args:
        samples: Images and instance labels to learn from.
        validation: Images and instance labels to validate on; may be empty.
        params: The network and the recipe.
        curve: Receives a row every ``report_every`` steps.
        checkpoint: Keeps the state after each row.

    Returns:
        The model, and rows of the step, the mean training loss (nats), the seconds for a step and
        the intersection over union of the validation images' cells.

    Raises:
        FloatingPointError: The loss is not finite.
    """
    training = SegmenterTraining(samples, validation, params)
    identity = fingerprint_of(params.model_dump_json(), pack(samples), pack(validation))
    history = run_rounds(training, identity, curve=curve, checkpoint=checkpoint)
    return TrainedModel(training.trainer.model, history)

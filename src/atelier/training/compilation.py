"""Gives a classifier its loss, its optimizer and the length of its compiled steps."""

from typing import Any

import keras
import numpy as np

from atelier.data.shares import rounded_share
from atelier.training.params import TrainingParams
from atelier.types import Arrays

MOST_STEPS = 50
"""In one call: between calls the progress bar moves and Ctrl-C is heard."""
WINDOWS = 10
"""Windows of averages that a training has at least; a window of momentum m is 1 / (1 - m) steps."""


def compile_for_training(model: keras.Model, train: Arrays, training: TrainingParams) -> int:
    """Gives a model its loss (cross-entropy of logits), its optimizer and the accuracy metric.

    Args:
        model: Is compiled in place.
        train: The training split; ``labels`` (n,) give the number of steps.
        training: The recipe.

    Returns:
        Steps in an epoch.
    """
    steps = -(-len(train["labels"]) // training.batch_size)
    model.compile(
        build_optimizer(training, steps * training.epochs),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
        steps_per_execution=steps_in_one_call(steps),
    )
    model.optimizer.build(model.trainable_variables)
    _build_metrics(model)
    return steps


def _build_metrics(model: keras.Model) -> None:
    """Creates the variables of a compiled classifier's metrics.

    A function that creates variables when TensorFlow traces it, as Keras' training step else does,
    is traced twice.

    Args:
        model: Is compiled, and returns logits.
    """
    logits = np.zeros((1, model.output_shape[-1]), np.float32)
    model.compute_metrics(None, np.zeros(1, np.int64), logits)
    model.reset_metrics()


def steps_in_one_call(steps: int) -> int:
    """Returns how many steps of an epoch Keras takes in one call of its compiled function.

    A call costs about as much as a step of a small network. The number divides the steps of an
    epoch, so that no call reaches into the next one; weights are those of single steps.

    Args:
        steps: Steps in an epoch, ≥ 1.

    Returns:
        The largest divisor of ``steps`` up to MOST_STEPS.

    Examples:
        >>> [steps_in_one_call(steps) for steps in (1, 7, 48, 47)]
        [1, 7, 48, 47]
    """
    return max(count for count in range(1, MOST_STEPS + 1) if steps % count == 0)


def averaging_momentum(training: TrainingParams, steps: int) -> float:
    """Returns the momentum of the moving averages in a training of so many steps.

    In a training of a few hundred steps a momentum of 0.999 would leave the average near the first
    weights. So it averages over a tenth of the training at most.

    Args:
        training: The recipe; its ``averaging`` is the largest momentum.
        steps: Of the whole training.

    Returns:
        The momentum, in [0, 1); 0 is no averaging.

    Examples:
        >>> from types import SimpleNamespace
        >>> recipe = SimpleNamespace(averaging=0.999)
        >>> [round(averaging_momentum(recipe, steps), 4) for steps in (20_000, 200, 5)]
        [0.999, 0.95, 0.0]
    """
    return min(training.averaging, max(0.0, 1 - WINDOWS / steps))


def average_statistics(model: keras.Model, momentum: float) -> None:
    """Makes batch normalization average its statistics as the weights are averaged.

    Statistics of the last few batches are those of the last weights, not of the average: with the
    averaged weights they give a worse network (Izmailov et al. 2018, section 3.2, compute them
    anew; here both are averages over the same steps).

    Args:
        model: Its batch normalization is set, in place.
        momentum: Of the weights' moving average.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum


def build_optimizer(training: TrainingParams, steps: int) -> keras.optimizers.Optimizer:
    """Returns the optimizer of a recipe, its rate constant or one cycle over `steps` steps.

    The cycle (Smith & Topin 2017) rises from a tenth of the rate over the first 30 % of the steps
    and falls to a thousandth along a cosine.
    """
    rate: Any = training.learning_rate
    if training.schedule == "one_cycle":
        warmup = rounded_share(0.3, steps)
        rate = keras.optimizers.schedules.CosineDecay(
            rate / 10, steps - warmup, alpha=1e-3, warmup_target=rate, warmup_steps=warmup
        )
    momentum = averaging_momentum(training, steps)
    config = {
        "learning_rate": rate,
        "weight_decay": training.weight_decay or None,
        "use_ema": momentum > 0,
        "ema_momentum": momentum,
    }
    return keras.optimizers.get({"class_name": training.optimizer, "config": config})

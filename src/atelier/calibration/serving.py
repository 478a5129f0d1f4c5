"""The classifier that is served: calibrated probabilities, prediction sets, density, rejection."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from atelier.calibration.base import Calibrator
from atelier.calibration.conformal import (
    AdaptiveSets,
    ConformalSets,
    LeastAmbiguousSets,
    RegularizedAdaptiveSets,
)
from atelier.calibration.density import DensityModel
from atelier.calibration.rejection_study import RejectionRule
from atelier.calibration.served_calibrators import Tensor, served_probabilities, softmax_of
from atelier.training.batches import UNIT
from atelier.types import Array

IMPOSSIBLE_LOG_PRIOR = -1e30
"""Log prior of a class without training samples, finite in single precision."""
LARGEST = 3e38
"""Thresholds beyond ± this, ±∞ above all, count as this: the largest of single precision."""


def calibrated_model(
    model: keras.Model,
    *,
    temperature: float,
    density: DensityModel,
    calibrator: Calibrator | None = None,
    sets: ConformalSets | None = None,
    rejection: RejectionRule | None = None,
) -> keras.Model:
    """Returns the network with five or six outputs for each stored image.

    They are ``label`` (index of the class), ``probability`` of it and ``probabilities`` of all
    classes by the calibrator, ``log_density`` of the logits, ``reject``, whether the score of
    the rejection rule is below its threshold, or the image has no pixel above 1: it is blank, or
    its pixels were divided by 255 before they became integers; and ``set``, whether each class is
    in the prediction set, if ``sets`` are given. The model consists of Keras' own layers: it loads
    in safe mode without this package.

    Args:
        model: Takes images in [0, 1], (n, height, width, channels), returns logits.
        temperature: T of temperature scaling, > 0: of the score ``temperature``, and of the
            probabilities where no calibrator is given.
        density: Fitted on the training logits, with its threshold of rejection set.
        calibrator: Of a type in :data:`atelier.calibration.served_calibrators.SERVED`.
        sets: Fitted prediction sets, not randomised.
        rejection: Score and threshold; by default the log density and the density's threshold.

    Returns:
        A model of uint8 images, (n, height, width, channels), 0 … 255.

    Raises:
        ValueError: If the calibrator or the sets cannot be expressed by Keras' operations.
    """
    image = keras.Input(model.input_shape[1:], dtype="uint8", name="images")
    unit = layers.Rescaling(UNIT)(image)
    logits = model(unit)
    below = logits - ops.max(logits, axis=-1, keepdims=True)
    scaled = softmax_of(below, temperature)
    probabilities = scaled if calibrator is None else served_probabilities(calibrator, logits)
    joint = _log_joint(density)(logits)
    log_density = ops.logsumexp(joint, axis=-1)
    rule = rejection or RejectionRule("log_density", density.reject_below, "quantile", "")
    scores: dict[str, Any] = {
        "softmax": lambda: ops.max(softmax_of(below, 1.0), axis=-1),
        "temperature": lambda: ops.max(scaled, axis=-1),
        "calibrated": lambda: ops.max(probabilities, axis=-1),
        "energy": lambda: ops.logsumexp(logits, axis=-1),
        "posterior": lambda: ops.max(ops.softmax(joint, axis=-1), axis=-1),
        "log_density": lambda: log_density,
    }
    threshold = float(np.clip(rule.threshold, -LARGEST, LARGEST))
    blank = ops.max(unit, axis=(1, 2, 3)) < 1.5 * UNIT
    outputs = {
        "label": ops.argmax(probabilities, axis=-1),
        "probability": ops.max(probabilities, axis=-1),
        "probabilities": probabilities,
        "log_density": log_density,
        "reject": ops.logical_or(scores[rule.score]() < threshold, blank),
    }
    if sets is not None:
        outputs["set"] = _served_sets(sets, probabilities)
    return keras.Model(image, outputs, name=f"{model.name}_calibrated")


def _served_sets(sets: ConformalSets, probabilities: Tensor) -> Tensor:
    """Returns what ``sets.sets`` does, by Keras' operations, (n, classes) bool."""
    if isinstance(sets, LeastAmbiguousSets):
        least = np.maximum(1 - sets.thresholds_, -1).astype(np.float32)  # −1: always in the set
        members = probabilities >= least
    elif isinstance(sets, AdaptiveSets) and not sets.randomized:
        members = _adaptive_scores(sets, probabilities) <= np.minimum(
            sets.thresholds_, LARGEST
        ).astype(np.float32)
    else:
        raise ValueError(f"Expected sets that are not randomised. Received: {sets.state()}")
    if sets.allow_empty:
        return members
    top = ops.one_hot(ops.argmax(probabilities, axis=-1), len(sets.thresholds_), dtype="bool")
    empty = ops.logical_not(ops.any(members, axis=-1, keepdims=True))
    return ops.logical_or(members, ops.logical_and(top, empty))


def _adaptive_scores(sets: AdaptiveSets, probabilities: Tensor) -> Tensor:
    """Returns the sum of the larger probabilities, and the penalty of RAPS, (n, classes)."""
    others, own = ops.expand_dims(probabilities, 1), ops.expand_dims(probabilities, 2)
    larger = ops.sum(ops.where(others > own, others, 0.0), axis=-1)
    if not isinstance(sets, RegularizedAdaptiveSets):
        return larger
    rank = 1.0 + ops.sum(ops.cast(others > own, "float32"), axis=-1)
    return larger + sets.penalty * ops.maximum(rank - float(sets.free_ranks), 0.0)


def _log_joint(density: DensityModel) -> keras.Model:
    """Builds log p(z, class) of two dense layers: whitening by class, then minus half the squares.

    (n, dimensions) → (n, classes · dimensions) → (n, classes).
    """
    classes, dimensions = density.means.shape
    whiten: Array = density.whiteners.reshape(classes * dimensions, dimensions)
    shift = np.einsum("kij,kj->ki", density.whiteners, density.means).ravel()
    volume = np.log(np.diagonal(density.whiteners, axis1=1, axis2=2)).sum(axis=1)
    constant = density.log_priors + volume - 0.5 * dimensions * np.log(2 * np.pi)
    logits = keras.Input((dimensions,))
    white = layers.Dense(classes * dimensions, name="whiten")
    joint = layers.Dense(classes, name="log_joint")
    network = keras.Model(logits, joint(ops.square(white(logits))), name="density")
    white.set_weights([whiten.T, -shift])
    squares = -0.5 * np.repeat(np.eye(classes), dimensions, axis=0)  # (classes · dim., classes)
    joint.set_weights([squares, np.maximum(constant, IMPOSSIBLE_LOG_PRIOR)])
    return network

"""The classifier that is served: with calibrated probabilities and the density of its logits."""

import keras
import numpy as np
from keras import layers, ops

from atelier.calibration.density import DensityModel
from atelier.training.batches import UNIT
from atelier.types import Array

IMPOSSIBLE_LOG_PRIOR = -1e30
"""Log prior of a class without training samples, finite in single precision."""


def calibrated_model(
    model: keras.Model, *, temperature: float, density: DensityModel
) -> keras.Model:
    """Returns the network with five outputs for each stored image.

    They are ``label`` (index of the class), ``probability`` of it and ``probabilities`` of all
    classes (softmax of logits / temperature), ``log_density`` of the logits, and ``reject``,
    whether that is below the density model's threshold, or the image has no pixel above 1: it is
    blank, or its pixels were divided by 255 before they became integers. The model consists of
    Keras' own layers: it loads in safe mode without this package.

    Args:
        model: Takes images in [0, 1], (n, height, width, channels), returns logits.
        temperature: T of temperature scaling, > 0.
        density: Fitted on the training logits, with its threshold of rejection set.

    Returns:
        A model of uint8 images, (n, height, width, channels), 0 … 255.
    """
    image = keras.Input(model.input_shape[1:], dtype="uint8", name="images")
    unit = layers.Rescaling(UNIT)(image)
    logits = model(unit)
    blank = ops.max(unit, axis=(1, 2, 3)) < 1.5 * UNIT
    joint = _log_joint(density)(logits)
    log_density = ops.logsumexp(joint, axis=-1)
    probabilities = ops.softmax(logits / temperature, axis=-1)
    outputs = {
        "label": ops.argmax(logits, axis=-1),
        "probability": ops.max(probabilities, axis=-1),
        "probabilities": probabilities,
        "log_density": log_density,
        "reject": ops.logical_or(log_density < density.reject_below, blank),
    }
    return keras.Model(image, outputs, name=f"{model.name}_calibrated")


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

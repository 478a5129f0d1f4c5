"""Logits of a trained network."""

from __future__ import annotations

from typing import Any

import numpy as np

from atelier.training.batches import to_unit
from atelier.types import Array

EVALUATION_BATCH = 500
"""Images in a batch of an evaluation."""


def predict_logits(model: Any, images: Array) -> Array:
    """Returns logits (n, classes), float32, of stored images (n, height, width, channels), uint8.

    The model takes images in [0, 1].

    Examples:
        >>> import keras
        >>> import numpy as np
        >>> from atelier.training import predict_logits
        >>> image = keras.Input((2, 2, 1))
        >>> model = keras.Model(image, keras.layers.GlobalMaxPooling2D()(image))
        >>> predict_logits(model, np.full((1, 2, 2, 1), 51, np.uint8)).round(3)
        array([[0.2]], dtype=float32)
    """
    return predict_unit_logits(model, to_unit(images))


def predict_unit_logits(model: Any, images: Array) -> Array:
    """Returns logits (n, classes), float32, of images as the model takes them, mostly in [0, 1]."""
    logits = model.predict(images, batch_size=EVALUATION_BATCH, verbose=0)
    return np.asarray(logits, np.float32)


def predict_shifted_logits(model: Any, images: Array, *, shift: int) -> Array:
    """Returns the mean logits of four copies of each image, moved up, down, left and right.

    Test-time augmentation: a network's errors on the four copies are in part independent. What
    moves in from outside repeats the pixels of the edge.

    Args:
        model: Takes images in [0, 1].
        images: Stored images (n, height, width, channels), uint8.
        shift: Pixels, from 1, less than height and width.

    Returns:
        (n, classes), float32.

    Raises:
        ValueError: If the images are not larger than the shift, or the shift is below 1.

    Examples:
        >>> import keras
        >>> import numpy as np
        >>> image = keras.Input((2, 2, 1))
        >>> model = keras.Model(image, keras.layers.Flatten()(image))
        >>> image = np.array([0, 51, 102, 153], np.uint8).reshape(1, 2, 2, 1)
        >>> predict_shifted_logits(model, image, shift=1).round(2)
        array([[0.15, 0.25, 0.35, 0.45]], dtype=float32)
    """
    height, width = images.shape[1:3]
    if not 0 < shift < min(height, width):
        raise ValueError(
            f"Expected a shift from 1 to {min(height, width) - 1} pixels for images of "
            f"{height}×{width}. Received: {shift}"
        )
    edges = ((0, 0), (shift, shift), (shift, shift), (0, 0))
    wide = np.pad(images, edges, mode="edge")
    corners = ((0, shift), (2 * shift, shift), (shift, 0), (shift, 2 * shift))
    copies = (wide[:, top : top + height, left : left + width] for top, left in corners)
    return np.asarray(sum(predict_logits(model, copy) for copy in copies) / 4, np.float32)

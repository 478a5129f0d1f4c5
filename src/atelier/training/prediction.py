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

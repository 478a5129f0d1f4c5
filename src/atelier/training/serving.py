"""Models made for serving: uint8 pictures in."""

import keras
from keras import layers

from atelier.training.batches import UNIT


def serving_model(model: keras.Model) -> keras.Model:
    """The same network, taking images as they are stored (uint8, 0 … 255); logits out."""
    image = keras.Input(model.input_shape[1:], dtype="uint8", name="images")
    return keras.Model(image, model(layers.Rescaling(UNIT)(image)), name=f"{model.name}_serving")

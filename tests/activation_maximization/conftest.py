import keras
import numpy as np
import pytest
from support.ascent import SHAPE


@pytest.fixture(scope="module")
def linear():
    """Logits that are products of the pixels with known templates."""
    model = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(3)])
    rng = np.random.default_rng(0)
    templates = rng.normal(size=(30, 3)).astype(np.float32)
    model.layers[-1].set_weights([templates, np.zeros(3, np.float32)])
    return model, templates


@pytest.fixture(scope="module")
def convolution():
    """Two filters: brightness, and the step from left to right."""
    image = keras.Input((None, None, 1))
    layer = keras.layers.Conv2D(2, 3, padding="same", name="edges")
    model = keras.Model(image, keras.layers.GlobalMaxPooling2D()(layer(image)))
    kernel = np.zeros((3, 3, 1, 2), np.float32)
    kernel[1, 1, 0, 0] = 1
    kernel[1, :, 0, 1] = -1, 0, 1
    layer.set_weights([kernel, np.zeros(2, np.float32)])
    return model

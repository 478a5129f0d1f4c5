import keras
import pytest

from atelier.data.vgg_weights import WIDTHS, read_vgg_weights


@pytest.fixture(scope="module")
def vgg_weights():
    return read_vgg_weights("hed")


@pytest.fixture(scope="module")
def keras_vgg(vgg_weights):
    """Keras' own VGG16 with the same weights."""
    model = keras.applications.VGG16(include_top=False, weights=None)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    for layer, name in zip(convolutions, WIDTHS, strict=True):
        layer.set_weights(
            [vgg_weights.weights[f"{name}.kernel"], vgg_weights.weights[f"{name}.bias"]]
        )
    return model

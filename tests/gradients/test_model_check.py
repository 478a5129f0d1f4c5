"""The gradient check of a whole model: right ones pass, a planted error is found."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from atelier.gradients import check_model_gradient, random_inputs
from atelier.gradients.figures import model_check_figure

INPUTS = {"shape": None, "limits": (-1.0, 1.0), "seed": 0}


def model_with(layer: keras.Layer) -> keras.Model:
    """Returns a network whose first weights do not depend on what other tests draw."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(5), layer,
         keras.layers.Dense(3)]
    )  # fmt: skip


@keras.saving.register_keras_serializable("test")
class Wrong(keras.layers.Layer):
    """A sine whose gradient is half as large as it should be."""

    def call(self, x):
        @tf.custom_gradient
        def sine(x):
            return tf.sin(x), lambda upstream: 0.5 * upstream * tf.cos(x)

        return sine(x)


def test_a_smooth_model_has_right_gradients_and_keeps_its_weights():
    model = model_with(keras.layers.Activation("tanh"))
    before = model.get_weights()
    images = random_inputs(model, 2, **INPUTS)
    assert images.min() < -0.5
    assert images.max() > 0.5
    table = check_model_gradient(model, images, directions=2, seed=0)
    assert set(table["by"]) == {"input", "weights"}
    assert table["error"].max() < 1e-3
    for after, value in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(after, value)
    titles = [axes.get_title(loc="left") for axes in model_check_figure(table).axes]
    assert [title.split(":")[0] for title in titles] == ["by the input", "by the weights"]


def test_a_wrong_gradient_is_found():
    model = model_with(Wrong())
    table = check_model_gradient(model, random_inputs(model, 2, **INPUTS), directions=2, seed=0)
    assert table["error"].max() > 0.1


def test_a_model_without_free_image_size_or_of_integers_is_told():
    free = keras.Sequential(
        [keras.Input((None, None, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)]
    )
    with pytest.raises(ValueError, match=r"model\.gradients\.shape"):
        random_inputs(free, 1, **INPUTS)
    assert random_inputs(free, 1, **(INPUTS | {"shape": (5, 6, 3)})).shape == (1, 5, 6, 3)
    stored = keras.Sequential([keras.Input((4, 4, 1), dtype="uint8"), keras.layers.Flatten()])
    with pytest.raises(ValueError, match="of floats"):
        random_inputs(stored, 1, **INPUTS)

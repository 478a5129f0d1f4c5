"""A model of others: its input range, preprocessing, output and layers."""

import keras
import numpy as np
import pytest
from support.ascent import ascent_params

from atelier.activation_maximization import (
    AscentPresetsParams,
    ModelInputParams,
    maximize_own_model,
    preprocessing,
    with_linear_output,
)
from atelier.activation_maximization.own_model import convolutions
from atelier.activation_maximization.unit_figures import (
    ascent_frames,
    layer_units_figure,
    own_classes_figure,
)

PLAIN = ModelInputParams(
    range=(0, 1), channels="rgb", mean=(), deviation=(), shape=None, classes=None, units=10,
    layers=None, depths=8,
)  # fmt: skip
PRESETS = AscentPresetsParams(
    presets={"free": ascent_params(steps=40)}, start="half", layers=2, pictures=2, seed=0, threads=2
)
PHOTOGRAPHS = {"ramp": np.linspace(0, 255, 40 * 50).reshape(40, 50).astype(np.uint8)}


def plain(**changes):
    return PLAIN.model_copy(update=changes)


def test_preprocessing_is_that_of_keras_applications(rng):
    """Against Keras' own functions, which take pixels 0 … 255."""
    from keras.src.applications.imagenet_utils import preprocess_input

    images = rng.uniform(size=(2, 3, 3, 3)).astype(np.float32)
    ways = {
        "tf": plain(range=(-1, 1)),
        "torch": plain(mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225)),
        "caffe": plain(range=(0, 255), channels="bgr", mean=(103.939, 116.779, 123.68)),
    }
    for mode, params in ways.items():
        expected = preprocess_input(255 * images, data_format="channels_last", mode=mode)
        np.testing.assert_allclose(preprocessing(params)(images), expected, rtol=1e-3, atol=1e-3)


def linear(weights, *, activation=None):
    unit = keras.layers.Dense(weights.shape[1], activation=activation)
    model = keras.Sequential([keras.Input((2, 3, 1)), keras.layers.Flatten(), unit])
    unit.set_weights([weights, np.zeros(weights.shape[1])])
    return model


def test_in_an_inverted_range_white_and_black_change_places():
    weights = np.array([[1, -1, 1, -1, 1, -1], [-1, 1, -1, 1, -1, 1]]).T
    upright = maximize_own_model(linear(weights), PRESETS, PLAIN, PHOTOGRAPHS)
    inverted = maximize_own_model(linear(weights), PRESETS, plain(range=(1, 0)), PHOTOGRAPHS)
    np.testing.assert_allclose(upright.presets["images"][0, 0].ravel(), [1, 0, 1, 0, 1, 0])
    np.testing.assert_allclose(inverted.presets["images"][0, 0].ravel(), [0, 1, 0, 1, 0, 1])
    assert upright.table["predicted"].tolist() == ["0", "1"]
    assert upright.table["logit"].tolist() == pytest.approx([3, 3])
    assert upright.layers == {}


def last_softmax(way):
    weights = 100 * np.array([[1, -1, 1, -1, 1, -1], [-1, 1, -1, 1, -1, 1]]).T
    if way == "activation":
        return linear(weights, activation="softmax")
    if way == "sigmoid":
        return linear(weights, activation="sigmoid")
    model = linear(weights)
    if way == "nested":
        return keras.Sequential([keras.Input((2, 3, 1)), linear(weights, activation="softmax")])
    last = keras.layers.Softmax() if way == "layer" else keras.layers.Activation("softmax")
    return keras.Model(model.inputs[0], last(model.outputs[0]))


@pytest.mark.parametrize("way", ["activation", "sigmoid", "layer", "activation layer", "nested"])
def test_a_last_softmax_that_would_have_no_gradient_is_left_out(way):
    model = with_linear_output(last_softmax(way))
    image = np.array([[[1], [0], [1]], [[0], [1], [0]]], np.float32)[None]
    np.testing.assert_allclose(model(image), [[300, -300]], rtol=1e-5)


def test_channels_of_nested_convolutions_are_drawn_evenly_and_by_name():
    inner = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            *(keras.layers.Conv2D(3, 1, name=f"c{k}") for k in range(9)),
        ],
        name="inner",
    )
    model = keras.Sequential(
        [keras.Input((None, None, 3)), inner, keras.layers.GlobalAveragePooling2D(),
         keras.layers.Dense(2)]
    )  # fmt: skip
    assert convolutions(model, plain(depths=3)) == ["inner/c0", "inner/c4", "inner/c8"]
    with pytest.raises(ValueError, match="Expected a layer out of"):
        convolutions(model, plain(layers=("nowhere",)))
    with pytest.raises(ValueError, match=r"model\.input\.shape=\[height"):
        maximize_own_model(model, PRESETS, PLAIN, PHOTOGRAPHS)
    source = plain(shape=(5, 4, 3), layers=("inner/c2",), classes=("cat", "dog"))
    ascent = maximize_own_model(model, PRESETS, source, PHOTOGRAPHS)
    assert ascent.layers["inner/c2"].shape == (2, 5, 4, 3)
    assert ascent.presets["images"].shape == (1, 2, 5, 4, 3)
    figure = own_classes_figure(ascent.presets, ascent.table, title="t")
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title(loc="center") for axes in drawn] == ["cat", "dog"]
    assert drawn[0].images[0].get_array().shape == (5, 4, 3)
    assert len(layer_units_figure(ascent.layers, title="t").axes) == 2
    assert ascent_frames(ascent.presets["frames"]).shape[0] == 2


def test_statements_that_do_not_fit_the_model_are_told():
    model = linear(np.ones((6, 2)))
    with pytest.raises(ValueError, match="each of the model's 2 outputs"):
        maximize_own_model(model, PRESETS, plain(classes=("a", "b", "c")), PHOTOGRAPHS)
    with pytest.raises(ValueError, match=r"model\.input\.mean with 1 or 1 values"):
        maximize_own_model(model, PRESETS, plain(mean=(1.0, 2.0, 3.0)), PHOTOGRAPHS)

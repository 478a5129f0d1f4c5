import keras
import numpy as np
import pytest
from support.ascent import SHAPE, ascent_params

from atelier.activation_maximization import FeatureMaps, GradientAscent, initial_images, maximize
from atelier.activation_maximization.layers import layers_by_path
from atelier.training.serving import serving_model


class Subclassed(keras.Model):
    """A model without a graph of layers, around a model that has one."""

    def __init__(self, inner):
        super().__init__(name="subclassed")
        self.inner, self.unused = inner, keras.layers.Dense(2, name="unused")
        self.unused.build((None, 2))

    def call(self, images):
        return self.inner(images)


def kinds_of(model):
    """Models that do with pictures what ``model`` does, and the path of what lies inside them."""
    image, other = keras.Input(SHAPE, name="image"), keras.Input((2,), name="other")
    yield "nested", keras.Model(image, model(image)), {}
    yield "nested twice", keras.Sequential([keras.Model(image, model(image), name="box")]), {}
    yield "stored pictures", serving_model(model), {}
    yield "subclassed", Subclassed(model), {}
    both = keras.Model({"image": image, "other": other}, [model(image), other])
    yield "two inputs", both, {"fixed": {"other": np.ones((1, 2))}}


def test_units_inside_models_of_every_kind_have_the_same_maximum(linear):
    model, templates = linear
    starts = initial_images("half", 3, SHAPE, seed=0)
    name = model.layers[-1].name
    for kind, outer, options in kinds_of(model):
        for layer in (None, name):
            images = maximize(
                outer, starts, np.arange(3), ascent_params(), layer=layer, seed=0, **options
            )
            np.testing.assert_array_equal(images.reshape(3, -1) > 0.5, templates.T > 0, kind)


def test_a_layer_inside_another_is_named_by_its_path(convolution):
    outer = keras.Sequential([keras.Input((8, 8, 1)), convolution])
    path = f"{convolution.name}/edges"
    assert path in layers_by_path(outer)
    starts = initial_images("half", 1, (8, 8, 1), seed=0)
    for name in (path, "edges"):
        images = maximize(outer, starts, np.array([0]), ascent_params(), layer=name, seed=0)
        assert images.min() == 1  # brightness
    with pytest.raises(ValueError, match=rf"{path}.*Received: inner/middle"):
        maximize(outer, starts, np.array([0]), ascent_params(), layer="inner/middle", seed=0)


def test_a_name_that_two_layers_have_is_refused_and_their_paths_are_named():
    image = keras.Input((4, 4, 1))
    boxes = [
        keras.Sequential(
            [keras.Input((4, 4, 1)), keras.layers.Conv2D(1, 1, name="same")], name=name
        )
        for name in ("left", "right")
    ]
    outer = keras.Model(image, [box(image) for box in boxes])
    with pytest.raises(ValueError, match="left/same, right/same"):
        FeatureMaps(outer, "same")
    assert FeatureMaps(outer, "right/same").units == 1


def test_a_sequential_that_was_never_called_is_built_for_the_starts():
    layers = [keras.layers.Conv2D(4, 3, name="first"), keras.layers.Flatten()]
    lazy = keras.Sequential([*layers, keras.layers.Dense(2)])
    starts = initial_images("half", 2, SHAPE, seed=0)
    ascent = GradientAscent(FeatureMaps(lazy, "first", shape=SHAPE))
    result = ascent.maximize(starts, np.array([0, 3]), ascent_params(), seed=0)
    assert ascent.maps.units == 4
    assert (result.activations[-1] > result.activations[0]).all()
    with pytest.raises(ValueError, match="shape=.* never called"):
        FeatureMaps(keras.Sequential([keras.layers.Dense(2)]))


def test_a_model_of_stored_images_gives_the_same_ascent(linear):
    """255 · x / 255 is x up to rounding, and so are its gradients."""
    starts = initial_images("random", 3, SHAPE, seed=0)
    params = ascent_params(steps=5, jitter=1, l2=0.1)
    inside, stored = (
        maximize(model, starts, np.arange(3), params, seed=0)
        for model in (linear[0], serving_model(linear[0]))
    )
    np.testing.assert_allclose(stored, inside, rtol=1e-4, atol=1e-5)


def test_layers_that_hold_layers_and_maps_without_positions_have_units_too():
    image = keras.Input((3, 4, 2))
    rows = keras.layers.TimeDistributed(keras.layers.Dense(5, name="inside"), name="rows")(image)
    score = keras.layers.Lambda(lambda x: keras.ops.sum(x, axis=(1, 2, 3)), name="score")(rows)
    model = keras.Model(image, score)
    assert FeatureMaps(model, "rows").units == 5
    assert FeatureMaps(model, "score").units == 1
    assert FeatureMaps(model).units == 1


def test_an_ascent_leaves_the_model_as_it_was(convolution):
    before = convolution.get_layer("edges").output
    FeatureMaps(keras.Sequential([keras.Input((8, 8, 1)), convolution]), "edges")
    assert convolution.get_layer("edges").output is before
    assert "call" not in vars(convolution.get_layer("edges"))


def label_model():
    image = keras.Input(SHAPE)
    logits = keras.layers.Dense(3)(keras.layers.Flatten()(image))
    return keras.Model(image, {"label": keras.ops.argmax(logits, axis=-1)})


def two_input_model():
    image, other = keras.Input(SHAPE, name="image"), keras.Input(SHAPE, name="other")
    return keras.Model([image, other], keras.layers.Flatten()(keras.layers.Add()([image, other])))


def embedding_model():
    tokens = keras.Input((7,), dtype="int32")
    return keras.Model(tokens, keras.layers.Embedding(9, 2)(tokens))


def rounding_model():
    image = keras.Input(SHAPE)
    return keras.Model(image, keras.layers.Flatten()(keras.ops.round(image)))


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (label_model, {}, "gives floats. Received: int.*name a layer"),
        (two_input_model, {}, "out of image, other. Received: none"),
        (
            two_input_model,
            {"fixed": {"third": np.ones((1, *SHAPE))}},
            "out of image, other. Received: third",
        ),
        (embedding_model, {}, r"images.*Received: .*\(None, 7\) int32"),
        (rounding_model, {}, "has a gradient"),
    ],
)
def test_what_cannot_be_result_is_refused_in_words(build, options, message):
    with pytest.raises(ValueError, match=message):
        FeatureMaps(build(), **options)


def test_a_layer_that_is_never_called_is_refused(linear):
    with pytest.raises(ValueError, match="calls on its way.*Received: unused"):
        FeatureMaps(Subclassed(linear[0]), "unused", shape=SHAPE)
    model = Subclassed(linear[0])
    model.built = True
    with pytest.raises(ValueError, match="shape=.*does not know it"):
        FeatureMaps(model)

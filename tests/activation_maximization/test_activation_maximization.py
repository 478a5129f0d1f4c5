import keras
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from atelier.activation_maximization import (
    GradientAscent,
    descend_cross_entropy,
    initial_images,
    maximize,
    zero_border,
)
from atelier.activation_maximization import (
    evaluation as facts,
)
from atelier.activation_maximization.layers import layers_by_path
from atelier.activation_maximization.params import AscentParams
from atelier.calibration.density import DensityModel
from atelier.training.serving import serving_model

pytestmark = pytest.mark.usefixtures("reproducible")

SHAPE = (6, 5, 1)


def way_up(**changes):
    return AscentParams(
        **{
            "steps": 60, "rate": 0.1, "l2": 0.0, "variation": 0.0, "jitter": 0, "blur": 0.0,
            "blur_every": 1, "clip": True,
        }
        | changes
    )  # fmt: skip


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


# The plain steps.


def test_a_step_of_a_linear_model_is_the_one_worked_by_hand(linear):
    model, templates = linear
    starts = initial_images("random", 2, SHAPE, seed=3)
    walked = descend_cross_entropy(model, starts, np.array([0, 2]), steps=1, learning_rate=0.5)
    logits = starts.reshape(2, -1) @ templates
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wanted = starts.reshape(2, -1) - 0.5 * (probs - np.eye(3)[[0, 2]]) @ templates.T
    np.testing.assert_allclose(walked.images[0], starts)
    np.testing.assert_allclose(walked.images[1].reshape(2, -1), wanted, rtol=1e-5)
    np.testing.assert_allclose(walked.logits[0], logits, rtol=1e-5)


def test_a_batch_gives_what_one_image_at_a_time_gives(linear):
    model, _ = linear
    starts, targets = initial_images("random", 3, SHAPE, seed=1), np.array([2, 1, 0])
    batch = descend_cross_entropy(model, starts, targets, steps=4, learning_rate=0.3)
    for i in range(3):
        one = descend_cross_entropy(
            model, starts[i : i + 1], targets[i : i + 1], steps=4, learning_rate=0.3
        )
        np.testing.assert_allclose(one.images[:, 0], batch.images[:, i], rtol=1e-5, atol=1e-6)


def test_steps_raise_the_confidence_and_leave_the_weights_alone(linear):
    model, templates = linear
    walked = descend_cross_entropy(
        model, initial_images("half", 3, SHAPE, seed=0), np.arange(3), steps=30, learning_rate=0.5
    )
    trust = facts.target_confidence(walked.logits, np.arange(3))
    assert (np.diff(trust, axis=0) > 0).all()
    assert (trust[-1] > 0.99).all()
    np.testing.assert_array_equal(model.layers[-1].get_weights()[0], templates)


@pytest.mark.parametrize("targets", [[0, 1], [0, 1, 3], [-1, 0, 1]])
def test_targets_that_do_not_fit_are_refused(targets, linear):
    with pytest.raises(ValueError, match="3 targets in 0 … 2"):
        descend_cross_entropy(
            linear[0], initial_images("ones", 3, SHAPE, seed=0), np.array(targets), steps=1,
            learning_rate=1,
        )  # fmt: skip


def test_starts_are_what_they_are_called():
    assert (initial_images("ones", 2, SHAPE, seed=0) == 1).all()
    assert (initial_images("half", 2, SHAPE, seed=0) == 0.5).all()
    assert (initial_images("zeros", 2, SHAPE, seed=0) == 0).all()
    drawn = initial_images("random", 200, SHAPE, seed=0)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.02)
    assert (drawn != initial_images("random", 200, SHAPE, seed=1)).any()
    with pytest.raises(ValueError, match="ones, half, zeros, random.*twos"):
        initial_images("twos", 1, SHAPE, seed=0)


def test_without_its_border_a_picture_keeps_its_inside():
    images = np.arange(1.0, 31.0).reshape(1, *SHAPE)
    inside = zero_border(images, 1)
    np.testing.assert_array_equal(inside[:, 1:-1, 1:-1], images[:, 1:-1, 1:-1])
    assert inside.sum() == images[:, 1:-1, 1:-1].sum()
    assert images.sum() == 465  # as it was
    assert zero_border(images, 3).sum() == 0


# The ascent.


def test_free_ascent_of_a_linear_unit_is_white_where_its_template_is_positive(linear):
    model, templates = linear
    found = maximize(
        model, initial_images("half", 3, SHAPE, seed=0), np.arange(3), way_up(), seed=0
    )
    np.testing.assert_array_equal(found.reshape(3, -1) > 0.5, templates.T > 0)


def test_decay_ends_at_the_template_itself(linear):
    model, templates = linear
    params = way_up(l2=2.0, steps=400, rate=0.2, clip=False)
    found = maximize(model, initial_images("zeros", 3, SHAPE, seed=0), np.arange(3), params, seed=0)
    scaled = templates.T / np.sqrt((templates**2).mean(axis=0))[:, None]
    np.testing.assert_allclose(found.reshape(3, -1), scaled / 2.0, rtol=1e-3, atol=1e-4)


def test_a_channel_is_maximised_over_all_positions(convolution):
    starts = initial_images("half", 2, (8, 8, 1), seed=0)
    ascent = GradientAscent(convolution, "edges")
    climbed = ascent.maximize(starts, np.array([0, 1]), way_up(), pictures=5, seed=0)
    assert climbed.images[0].min() == 1  # brightness
    rising = np.diff(climbed.images[1, :, [0, -1], 0], axis=0).mean()
    assert rising > 0.9  # dark at the left edge, bright at the right: all else cancels out
    assert climbed.frames.shape == (5, 2, 8, 8, 1)
    assert (np.diff(climbed.activations, axis=0) >= 0).all()


def roughness(image):
    return sum(np.abs(np.diff(image, axis=axis)).mean() for axis in (0, 1))


@pytest.mark.parametrize("held", [{"variation": 1.0}, {"blur": 1.0}])
def test_what_smooths_makes_smoother(held, linear):
    starts = initial_images("random", 3, SHAPE, seed=0)
    free, smooth = (
        maximize(linear[0], starts, np.arange(3), way_up(l2=0.5, **more), seed=0)
        for more in ({}, held)
    )
    assert roughness(smooth[0]) < 0.8 * roughness(free[0])


def test_jitter_changes_the_way_and_the_seed_decides_it(linear):
    starts = initial_images("half", 3, SHAPE, seed=0)
    params = way_up(jitter=2)
    first, same, other = (
        maximize(linear[0], starts, np.arange(3), params, seed=seed) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_a_blur_keeps_the_light_of_what_lies_inside():
    from atelier.activation_maximization.ascent import _blurred, _gaussian

    image = np.zeros((1, 21, 21, 2), np.float32)
    image[0, 10, 10, 0] = 1
    kernel = _gaussian(1.5).astype(np.float32)
    spread = np.asarray(_blurred(image, kernel))
    places = np.arange(-10, 11)
    line = norm.pdf(places, scale=1.5) * (abs(places) <= 5)
    line /= line.sum()
    np.testing.assert_allclose(spread[0, ..., 0], np.outer(line, line), atol=1e-6)
    assert spread[..., 1].max() == 0


@pytest.mark.parametrize(
    ("starts", "units", "words"),
    [
        ((3, 6, 5, 1), [0, 1, 3], "units in 0 … 2"),
        ((3, 6, 5, 1), [0, 1], "a unit for each start"),
        ((3, 6, 6, 1), [0, 1, 2], r"\(6, 5, 1\)"),
    ],
)
def test_units_and_starts_that_do_not_fit_are_refused(starts, units, words, linear):
    with pytest.raises(ValueError, match=words):
        maximize(linear[0], np.zeros(starts), np.array(units), way_up(), seed=0)


def test_a_layer_that_is_not_there_is_refused(convolution):
    with pytest.raises(ValueError, match=r"edges.*Received: middle"):
        GradientAscent(convolution, "middle")


# Any unit of any layer of any model.


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


def test_units_inside_models_of_every_kind_want_the_same(linear):
    model, templates = linear
    starts = initial_images("half", 3, SHAPE, seed=0)
    name = model.layers[-1].name
    for kind, outer, more in kinds_of(model):
        for layer in (None, name):
            found = maximize(outer, starts, np.arange(3), way_up(), layer=layer, seed=0, **more)
            np.testing.assert_array_equal(found.reshape(3, -1) > 0.5, templates.T > 0, kind)


def test_a_layer_inside_another_is_named_by_its_path(convolution):
    outer = keras.Sequential([keras.Input((8, 8, 1)), convolution])
    path = f"{convolution.name}/edges"
    assert path in layers_by_path(outer)
    starts = initial_images("half", 1, (8, 8, 1), seed=0)
    for name in (path, "edges"):
        found = maximize(outer, starts, np.array([0]), way_up(), layer=name, seed=0)
        assert found.min() == 1  # brightness
    with pytest.raises(ValueError, match=rf"{path}.*Received: inner/middle"):
        maximize(outer, starts, np.array([0]), way_up(), layer="inner/middle", seed=0)


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
        GradientAscent(outer, "same")
    assert GradientAscent(outer, "right/same").units == 1


def test_a_sequential_that_was_never_called_is_built_for_the_starts():
    layers = [keras.layers.Conv2D(4, 3, name="first"), keras.layers.Flatten()]
    lazy = keras.Sequential([*layers, keras.layers.Dense(2)])
    starts = initial_images("half", 2, SHAPE, seed=0)
    ascent = GradientAscent(lazy, "first", shape=SHAPE)
    climbed = ascent.maximize(starts, np.array([0, 3]), way_up(), seed=0)
    assert ascent.units == 4
    assert (climbed.activations[-1] > climbed.activations[0]).all()
    with pytest.raises(ValueError, match="shape=.* never called"):
        GradientAscent(keras.Sequential([keras.layers.Dense(2)]))


def test_a_model_of_stored_pictures_is_climbed_as_the_model_inside(linear):
    """255 · x / 255 is x up to rounding, and so are its gradients."""
    starts = initial_images("random", 3, SHAPE, seed=0)
    params = way_up(steps=5, jitter=1, l2=0.1)
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
    assert GradientAscent(model, "rows").units == 5
    assert GradientAscent(model, "score").units == 1
    assert GradientAscent(model).units == 1


def test_an_ascent_leaves_the_model_as_it_was(convolution):
    before = convolution.get_layer("edges").output
    GradientAscent(keras.Sequential([keras.Input((8, 8, 1)), convolution]), "edges")
    assert convolution.get_layer("edges").output is before
    assert "call" not in vars(convolution.get_layer("edges"))


def answering():
    image = keras.Input(SHAPE)
    logits = keras.layers.Dense(3)(keras.layers.Flatten()(image))
    return keras.Model(image, {"label": keras.ops.argmax(logits, axis=-1)})


def of_two():
    image, other = keras.Input(SHAPE, name="image"), keras.Input(SHAPE, name="other")
    return keras.Model([image, other], keras.layers.Flatten()(keras.layers.Add()([image, other])))


def of_words():
    words = keras.Input((7,), dtype="int32")
    return keras.Model(words, keras.layers.Embedding(9, 2)(words))


def rounded():
    image = keras.Input(SHAPE)
    return keras.Model(image, keras.layers.Flatten()(keras.ops.round(image)))


@pytest.mark.parametrize(
    ("build", "options", "words"),
    [
        (answering, {}, "gives floats. Received: int.*name a layer"),
        (of_two, {}, "out of image, other. Received: none"),
        (
            of_two,
            {"fixed": {"third": np.ones((1, *SHAPE))}},
            "out of image, other. Received: third",
        ),
        (of_words, {}, r"pictures.*Received: .*\(None, 7\) int32"),
        (rounded, {}, "has a gradient"),
    ],
)
def test_what_cannot_be_climbed_is_refused_in_words(build, options, words):
    with pytest.raises(ValueError, match=words):
        GradientAscent(build(), **options)


def test_a_layer_that_is_never_called_is_refused_in_words(linear):
    with pytest.raises(ValueError, match="calls on its way.*Received: unused"):
        GradientAscent(Subclassed(linear[0]), "unused", shape=SHAPE)
    model = Subclassed(linear[0])
    model.built = True
    with pytest.raises(ValueError, match="shape=.*does not know it"):
        GradientAscent(model)


# The facts.


def test_distances_are_those_worked_by_hand():
    real = np.zeros((3, 1, 4, 1))
    real[1], real[2] = 0.2, 1.0
    labels, targets = np.array([0, 0, 1]), np.array([0, 1])
    far = facts.class_distances(np.stack([real[1] + 0.3, real[2] - 0.5]), targets, real, labels)
    np.testing.assert_allclose(far["distance_to_mean"], [0.4, 0.5])  # means .1 and 1
    np.testing.assert_allclose(far["distance_to_nearest"], [0.3, 0.5])


def test_distances_of_starts_are_those_worked_by_hand():
    results = {"ones": np.ones((2, 1, 1, 1)), "random0": np.zeros((2, 1, 1, 1))}
    results["random1"] = np.array([0.5, 0.0]).reshape(2, 1, 1, 1)
    table = facts.start_distances(results).set_index(["first", "second"])
    assert table.loc[("ones", "random0"), "distance"] == 1
    assert table.loc[("ones", "random1")].tolist() == [0.75, 0.5, 1.0]
    assert table.loc[("random0", "random1")].tolist() == [0.25, 0.0, 0.5]


def test_doubt_is_exact_where_confidence_rounds_to_one():
    logits = np.array([[50.0, 0.0]])
    assert facts.target_confidence(logits, np.array([0]))[0] == 1
    assert facts.error_probability(logits, np.array([0]))[0] == pytest.approx(np.exp(-50), rel=1e-6)


def test_far_from_all_data_the_softmax_is_sure_and_the_density_says_how_rare(rng):
    ordinary = np.concatenate([rng.normal((4, 0), 1, (500, 2)), rng.normal((0, 4), 1, (500, 2))])
    density = DensityModel("diagonal").fit(ordinary, np.repeat([0, 1], 500))
    judges = facts.ConfidenceModels(2.0, density, density.log_density(ordinary))
    logits = np.array([[4.0, 0.0], [40.0, 0.0]])
    table = facts.score_maximized_images(logits, logits[:, ::-1], np.array([0, 0]), judges)
    assert table["confidence"].iloc[1] > 0.9999
    assert table["calibrated"].iloc[0] == pytest.approx(1 / (1 + np.exp(-2)))
    assert table["typicality_quantile"].iloc[0] < 0.5
    assert table["typicality_quantile"].iloc[1] == 1
    assert not table["agrees"].any()


def test_the_headline_counts_agreement_with_its_interval():
    table = pd.DataFrame({"way": ["plain"] * 10, "agrees": [True] * 7 + [False] * 3})
    for column in ("confidence", "distance_to_mean", "distance_to_nearest", "typicality_quantile"):
        table[column] = 0.5
    distances = pd.DataFrame(
        {"first": ["ones", "random0"], "second": ["random0", "random1"], "distance": [3.0, 1.0]}
    )
    metrics = facts.maximization_metrics(table, distances, table)
    assert metrics["plain.second_agrees"] == 0.7
    assert metrics["plain.second_agrees_low"] == pytest.approx(0.3968, abs=1e-4)  # Wilson
    assert metrics["plain.second_agrees_high"] == pytest.approx(0.8922, abs=1e-4)
    assert (metrics["between_starts"], metrics["between_seeds"]) == (3.0, 1.0)


def test_the_border_is_judged_by_kind_of_start():
    sure, torn = np.array([[9.0, -9.0], [-9.0, 9.0]]), np.zeros((2, 2))
    metrics = facts.border_metrics({"random0": sure, "random1": torn}, np.array([0, 1]))
    assert metrics["random.confidence_without_border"] == pytest.approx(0.75)
    assert metrics["random.least_without_border"] == pytest.approx(0.5)

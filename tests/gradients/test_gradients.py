"""Derivatives against values worked by hand; missing ones against their planted causes."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from atelier.gradients.derivatives import (
    EXAMPLES,
    STEPS,
    automatic_gradient,
    check_gradient,
    custom_sine,
    derivative_table,
    numerical_gradient,
    step_size_errors,
    symbolic_gradient,
)
from atelier.gradients.examples import example_of_each_reason
from atelier.gradients.jacobians import forward_jacobian, jacobian_costs, layer, reverse_jacobian
from atelier.gradients.minimization import (
    clip_gradients,
    minimize_by_hand,
    minimize_with_keras,
    minimize_with_tape,
)
from atelier.gradients.missing import diagnose_gradient
from atelier.maxout.networks import dense_maxout
from atelier.training.networks import five_layer_cnn, two_layer_cnn

pytestmark = pytest.mark.usefixtures("reproducible")
ANSWERS = {
    "line": [2, -1],
    "wave": [-0.9899924966, -75],
    "product": [7, 6],
    "own sine": [-0.9899924966],
}


@pytest.mark.parametrize(("name", "answer"), ANSWERS.items())
def test_every_way_gives_the_derivatives_of_the_post(name, answer):
    example = EXAMPLES[name]
    np.testing.assert_allclose(symbolic_gradient(example)[1], answer, rtol=1e-9)
    np.testing.assert_allclose(automatic_gradient(example), answer, rtol=1e-9)
    table = derivative_table()
    rows = table[table["function"] == example.formula]
    for method, tolerance in (("forward", 1e-6), ("central", 1e-9), ("complex step", 1e-12)):
        np.testing.assert_allclose(rows[method], answer, rtol=tolerance)


def test_at_a_kink_the_ways_disagree_as_they_must():
    kink = EXAMPLES["kink"]
    assert automatic_gradient(kink) == pytest.approx([0.2])
    row = derivative_table().set_index("function").loc[kink.formula]
    assert row["central"] == pytest.approx(0.6)
    assert row["forward"] == pytest.approx(1.0)


@pytest.mark.parametrize(("method", "power"), [("forward", 1 / 2), ("central", 1 / 3)])
def test_the_error_is_least_near_the_step_that_theory_gives(method, power):
    curve = step_size_errors(EXAMPLES["wave"], np.logspace(-14, -1, 66))
    own = curve[curve["method"] == method]
    best = own["step"].iloc[int(np.convolve(np.log(own["error"]), np.ones(5), "same").argmin())]
    assert abs(np.log10(best) - np.log10(STEPS[method])) < 1.5
    assert STEPS[method] == pytest.approx(2.0 ** (-52 * power))


def test_the_numerical_gradient_of_a_vector_function_uses_the_step_it_is_given():
    slope = numerical_gradient(lambda p: p[0] ** 2, [3.0], method="forward", step=0.5)
    assert slope == pytest.approx([6.5])  # ((3.5)² − 3²) / .5


def data(rng):
    return rng.random((100, 12)).astype(np.float32), np.eye(4, dtype=np.float32)[np.arange(100) % 4]


def test_three_ways_to_minimise_end_in_the_same_weights_after_100_steps():
    images, targets = data(np.random.default_rng(0))
    ways = [
        way(images, targets, steps=100)
        for way in (minimize_with_keras, minimize_with_tape, minimize_by_hand)
    ]
    for one in ways[1:]:
        for found, expected in zip(one, ways[0], strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_gradients_can_be_tracked_clipped_and_taken_of_a_part():
    images, targets = data(np.random.default_rng(0))
    curve, untouched = [], minimize_with_keras(images, targets, steps=0)
    part = minimize_with_tape(images, targets, steps=3, only=slice(1, None), curve=curve)
    np.testing.assert_array_equal(part[0], untouched[0])
    assert not np.array_equal(part[1], untouched[1])
    assert [set(row) for row in curve] == [{"loss", "norm_0"}] * 3
    small = clip_gradients([tf.constant([3.0]), tf.constant([4.0])], norm=1.0)
    np.testing.assert_allclose(small, [[0.6], [0.8]], rtol=1e-6)


def test_the_post_s_own_sine_has_the_sine_s_gradient():
    point = [np.linspace(-3, 3, 7)]
    checked = check_gradient(lambda x: tf.reduce_sum(custom_sine(x)), point)
    assert checked.error < 1e-8


def test_a_wrong_gradient_does_not_pass_the_check():
    @tf.custom_gradient
    def wrong(x):
        return tf.sin(x), lambda upstream: upstream * tf.cos(x) * 1.01

    assert check_gradient(lambda x: tf.reduce_sum(wrong(x)), [np.ones(3)]).error > 5e-3


@pytest.mark.parametrize("build", ["post", "strong", "maxout"])
def test_the_gradients_of_the_networks_are_those_of_their_losses(build):
    keras.utils.set_random_seed(0)
    shape = (14, 14, 1) if build != "strong" else (28, 28, 1)
    model = {
        "post": lambda: two_layer_cnn(5, shape=shape, dropout=0),
        "strong": lambda: five_layer_cnn(5, shape=shape, dropout=0),
        "maxout": lambda: dense_maxout(5, shape=shape, units=6, pieces=3),
    }[build]()
    rng = np.random.default_rng(0)
    images, labels = rng.random((8, *shape)).astype(np.float32), np.arange(8) % 5

    def loss(*_):
        logits = model(images, training=False)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))

    before = model.get_weights()
    checked = check_gradient(loss, model.trainable_variables, directions=3, step=2e-3)
    assert checked.error < 0.03  # single precision
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_every_cause_of_a_missing_gradient_is_told_apart():
    function, values, names = example_of_each_reason()
    found = {one.name: one for one in diagnose_gradient(function, values, names=names)}
    assert found["a², watched"].norm == pytest.approx(2 * 1.5 * 1.5)
    reasons = {
        "sin by NumPy": "cut by NumPy",
        "rounded": "no gradient",
        "a tensor": "not watched",
        "an integer": "int32",
        "never used": "not connected",
    }
    for name, words in reasons.items():
        assert words in found[name].reason
        assert found[name].norm is None


LOGITS, LABELS = [[1.0, 2.0, 3.0], [2.0, 1.0, 0.0]], [2, 0]


def accuracy(logits):
    right = tf.equal(tf.argmax(logits, axis=1), LABELS)
    return tf.reduce_mean(tf.cast(right, tf.float32))


@tf.custom_gradient
def without_gradient(x):
    return tf.sin(x), lambda upstream: None


CUTS = {
    "accuracy": (accuracy, "ArgMax"),
    "compiled accuracy": (tf.function(accuracy), "ArgMax"),
    "Keras' accuracy": (
        lambda x: tf.reduce_mean(keras.metrics.sparse_categorical_accuracy(LABELS, 2 * x)),
        "ArgMax",
    ),
    "label": (lambda x: tf.argmax(x, axis=1), "ArgMax"),
    "rounding": (lambda x: tf.reduce_sum(tf.round(x)), "Round"),
    "floor": (lambda x: tf.reduce_sum(tf.floor(x)), "Floor"),
    "threshold": (lambda x: tf.reduce_sum(tf.cast(x > 1.5, tf.float32)), "Greater"),
    "choice": (lambda x: tf.reduce_sum(tf.where(x > 1.5, 1.0, 0.0)), "Greater"),
    "stopped": (lambda x: tf.reduce_sum(tf.stop_gradient(x) ** 2), "StopGradient"),
    "integers": (
        lambda x: tf.reduce_sum(tf.cast(tf.cast(x, tf.int32), tf.float32)),
        r"Cast \(float32 to int32\)",
    ),
    "index": (lambda x: tf.gather([5.0, 6.0, 7.0, 8.0], tf.cast(x[0, 0], tf.int32)), "Cast"),
    "place of the largest": (
        lambda x: tf.cast(tf.math.top_k(x).indices[0, 0], tf.float32), "TopKV2"
    ),
    "draw": (lambda x: tf.cast(tf.random.categorical(x, 1)[0, 0], tf.float32), "Multinomial"),
    "bins": (
        lambda x: tf.cast(tf.histogram_fixed_width(x, [0.0, 3.0])[0], tf.float32),
        "HistogramFixedWidth",
    ),
    "no gradient registered": (
        lambda x: tf.reduce_sum(tf.image.adjust_contrast(x[..., None, None], 2.0)),
        "AdjustContrastv2",
    ),
    "after a custom gradient": (lambda x: tf.argmax(tf.nn.silu(x), axis=1), "ArgMax"),
    "gradient by hand": (lambda x: tf.reduce_sum(without_gradient(x)), "custom gradient"),
    "loop": (lambda x: tf.reduce_sum(tf.map_fn(tf.round, x)), "Round"),
}  # fmt: skip


@pytest.mark.parametrize("kind", [tf.Variable, tf.constant])
@pytest.mark.parametrize("name", CUTS)
def test_an_operation_without_a_gradient_is_named(name, kind):
    function, operation = CUTS[name]
    (found,) = diagnose_gradient(function, [kind(LOGITS)])
    assert found.norm is None
    assert re.search(f"cut by an operation that has no gradient: .*{operation}", found.reason)


def metric(x):
    state = keras.metrics.MeanSquaredError()
    state.update_state(tf.zeros_like(x), x)
    return state.result()


ASSIGNMENTS = {
    "assign_add": lambda x, y: (y.assign_add(x), tf.reduce_sum(y**2))[1],
    "assign": lambda x, y: (y.assign(2 * x), tf.reduce_sum(y**2))[1],
    "assign_sub": lambda x, y: (y.assign_sub(x), tf.reduce_sum(y**2))[1],
    "what is assigned": lambda x, y: y.assign_add(x),
    "scatter": lambda x, y: (y.scatter_nd_update([[1]], x[:1]), tf.reduce_sum(y**2))[1],
    "a slice": lambda x, y: (y[:1].assign(x[:1]), tf.reduce_sum(y**2))[1],
    "compiled": tf.function(lambda x, y: (y.assign_add(x), tf.reduce_sum(y**2))[1]),
}


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_state_that_is_changed_is_named_and_put_back(name):
    """TensorFlow's guide, "Getting a gradient of None", its fourth cause."""
    first, second = tf.Variable([3.0, 4.0]), tf.Variable([0.5, 1.0], name="memory")
    found, other = diagnose_gradient(ASSIGNMENTS[name], [first, second])
    assert "cut by an assignment to memory" in found.reason
    assert "state is changed by assignment" in found.reason
    assert other.norm > 0
    np.testing.assert_array_equal(first, [3.0, 4.0])
    np.testing.assert_array_equal(second, [0.5, 1.0])


def test_a_metric_of_keras_is_state_too():
    (found,) = diagnose_gradient(metric, [tf.Variable([[3.0]])])
    assert "cut by an assignment to mean_squared_error" in found.reason


def state_of_layers():
    normal, drop = keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)
    normal.build((None, 3))
    drop.build((None, 3))
    return normal, drop


def test_variables_that_a_function_changes_have_their_values_back():
    """Moving statistics, states of seed generators, counters; also after an error."""
    normal, drop = state_of_layers()
    counter = keras.Variable(1.0, trainable=False)
    kept = [*normal.variables, *drop.variables, counter]
    before = [np.array(one.numpy()) for one in kept]

    def function(x, *, fail=False):
        counter.assign_add(1.0)
        changed = drop(normal(x, training=True), training=True)
        if fail:
            raise RuntimeError("stop")
        return tf.reduce_sum(tf.round(changed)) + float(np.sum(x.numpy()))

    value = tf.Variable(LOGITS)
    diagnose_gradient(function, [value])
    with pytest.raises(RuntimeError, match="stop"):
        diagnose_gradient(lambda x: function(x, fail=True), [value])
    with pytest.raises(ValueError, match="Received"):
        check_gradient(function, [value])
    check_gradient(lambda x: tf.reduce_sum(normal(x, training=True) ** 3), [value])
    for old, one in zip(before, kept, strict=True):
        np.testing.assert_array_equal(one.numpy(), old)
    np.testing.assert_array_equal(value, LOGITS)


def test_a_shape_is_no_connection():
    def function(x):
        return tf.reduce_sum(tf.zeros_like(x)) + tf.cast(tf.size(x), tf.float32)

    (found,) = diagnose_gradient(function, [tf.Variable(LOGITS)])
    assert "not connected" in found.reason


def test_numbers_drawn_outside_tensorflow_leave_the_question_open():
    numbers = np.random.default_rng(0)
    (found,) = diagnose_gradient(lambda x: tf.constant(numbers.random()), [tf.Variable(1.0)])
    assert "two calls with the same values differ" in found.reason


@pytest.mark.parametrize(
    "function",
    [
        lambda v: np.sin(v.numpy()),
        lambda v: float(v**2),
        lambda v: tf.constant(np.argmax([1.0, v.numpy()])),
        lambda v: tf.numpy_function(np.sin, [v], tf.float32),
    ],
)
def test_a_result_that_left_tensorflow_is_diagnosed_too(function):
    variable = tf.Variable(2.0)
    (found,) = diagnose_gradient(function, [variable])
    assert "cut by NumPy" in found.reason
    assert variable.numpy() == 2.0


def test_a_complex_value_has_a_gradient():
    (found,) = diagnose_gradient(lambda z: tf.abs(z) ** 2, [tf.Variable(3.0 + 4.0j)])
    assert found.norm == pytest.approx(10)


def test_a_check_of_a_missing_gradient_says_which_and_why():
    with pytest.raises(ValueError, match="not connected"):
        check_gradient(lambda a, b: a * 2.0, [tf.Variable(1.0), tf.Variable(1.0)])


# Checks of gradients: right ones pass and wrong ones do not, at every scale.

NUMBERS = np.random.default_rng(0)
DIGIT = np.where(np.arange(784) % 4 < 2, 0, NUMBERS.integers(1, 256, 784))
POINTS = {
    "pixels": NUMBERS.uniform(0, 255, 784),
    "a digit": DIGIT,
    "unit": NUMBERS.uniform(0, 1, 784),
    "large": NUMBERS.uniform(-1e6, 1e6, 784),
    "small": NUMBERS.uniform(-1e-6, 1e-6, 784),
    "mixed": 10 ** NUMBERS.uniform(-6, 6, 784) * NUMBERS.choice([-1, 1], 784),
}
FUNCTIONS = {
    "mean of squares": lambda x: tf.reduce_mean(x**2),
    "norm": tf.function(tf.norm),
    "asinh": tf.function(lambda x: tf.reduce_sum(tf.asinh(x))),
}


def with_gradient_times(factors, function=FUNCTIONS["mean of squares"]):
    """The function, whose gradient is multiplied by something."""

    @tf.custom_gradient
    def changed(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            result = function(x)
        gradient = tape.gradient(result, x)
        return result, lambda upstream: upstream * gradient * tf.cast(factors, x.dtype)

    return tf.function(changed)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", POINTS)
def test_right_gradients_pass_at_every_scale(name, dtype):
    point = POINTS[name].astype(dtype)
    for function in FUNCTIONS.values():
        assert check_gradient(function, [point]).error < (1e-3 if dtype is np.float32 else 1e-8)


def one_wrong(factor, index):
    return np.where(np.arange(784) == index, factor, 1.0)


@pytest.mark.parametrize(
    ("factors", "least"),
    [(1.1, 0.05), (-1.0, 1.0), (one_wrong(1.1, 301), 5e-3), (one_wrong(-1.0, 301), 0.1),
     (one_wrong(0.0, 301), 0.1)],
    ids=["a tenth too large", "the wrong sign", "one too large", "one of wrong sign", "one is 0"],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_wrong_gradients_do_not_pass(factors, least, dtype):
    for name in ("pixels", "unit", "large", "small"):
        point = POINTS[name].astype(dtype)
        assert check_gradient(with_gradient_times(factors), [point]).error > least, name
    if np.ndim(factors) == 0:
        point = POINTS["mixed"].astype(dtype)
        assert check_gradient(with_gradient_times(factors), [point]).error > least


def test_values_of_unlike_scale_are_checked_together():
    values = [tf.Variable([1e-6, 2e-6], dtype=tf.float64), tf.Variable([1e6], dtype=tf.float64)]
    right = check_gradient(lambda a, b: tf.reduce_sum(a) * b[0] + tf.sin(b[0] / 1e6), values)
    assert right.error < 1e-8


def test_a_wave_of_many_periods_within_the_values_is_followed():
    point = [np.linspace(-1e6, 1e6, 50)]
    assert check_gradient(lambda x: tf.reduce_sum(tf.sin(x / 50)), point).error < 1e-6


@pytest.mark.parametrize(
    "function",
    [
        lambda x: tf.reduce_sum(tf.nn.dropout(x, 0.5)),
        lambda x: tf.reduce_sum(keras.layers.Dropout(0.5)(x, training=True)),
        lambda x: tf.reduce_sum(tf.image.random_brightness(x, 0.9)),
        lambda x: tf.reduce_sum(x) * float(NUMBERS.random()),
    ],
)
def test_a_function_that_differs_from_call_to_call_is_refused_in_words(function):
    with pytest.raises(ValueError, match="same number when it is called again.*dropout"):
        check_gradient(function, [np.ones((10, 10, 3), np.float32)])


def test_state_that_makes_calls_differ_is_named_and_put_back():
    memory = tf.Variable(0.0, name="memory")
    with pytest.raises(ValueError, match="variables that it changes: memory"):
        check_gradient(lambda x: memory.assign_add(x) * x, [np.float32(3)])
    assert memory.numpy() == 0


def test_what_rounding_hides_is_not_called_right():
    with pytest.raises(ValueError, match="exceed its rounding"):
        check_gradient(lambda x: 1e9 + tf.reduce_sum(x), [np.ones(3, np.float32)])


@pytest.mark.parametrize(
    ("function", "words"), [(lambda x: x * 2, "a number"), (tf.math.log, "finite values")]
)
def test_a_function_without_a_finite_number_cannot_be_checked(function, words):
    point = np.float64(-1) if function is tf.math.log else np.ones(3)
    with pytest.raises(ValueError, match=words):
        check_gradient(function, [point])


def test_at_a_kink_the_check_reports_that_there_is_no_slope():
    assert check_gradient(lambda x: tf.reduce_sum(tf.nn.relu(x)), [np.zeros(3)]).error > 0.3
    beside = np.array([-1.0, 0.5, 2.0])
    assert check_gradient(lambda x: tf.reduce_sum(tf.nn.relu(x)), [beside]).error < 1e-8


def test_both_modes_give_the_jacobian_of_a_layer():
    function, point = layer(3, 2), tf.constant([0.1, -0.2, 0.3])
    jacobian = reverse_jacobian(function, point).numpy()
    np.testing.assert_allclose(forward_jacobian(function, point).numpy(), jacobian, rtol=1e-6)
    for column in range(3):
        shift = np.eye(3, dtype=np.float32)[column] * 1e-2
        slope = (function(point + shift) - function(point - shift)).numpy() / 2e-2
        np.testing.assert_allclose(jacobian[:, column], slope, atol=1e-3)


def test_jacobians_are_in_the_precision_of_their_point():
    point = tf.constant([3.0, 5.0], tf.float64)
    for jacobian in (forward_jacobian, reverse_jacobian):
        found = jacobian(lambda x: tf.stack([x[0] * x[1], x[1] ** 2]), point)
        np.testing.assert_array_equal(found, [[5.0, 3.0], [0.0, 10.0]])


def test_forward_mode_pays_for_inputs_and_reverse_mode_for_outputs():
    costs = jacobian_costs(((2, 2), (16, 2), (2, 16))).set_index(["inputs", "outputs", "mode"])
    operations = costs["operations"]
    assert operations[16, 2, "forward"] > 3 * operations[2, 2, "forward"]
    assert operations[16, 2, "reverse"] == operations[2, 2, "reverse"]
    assert operations[2, 16, "reverse"] > 3 * operations[2, 2, "reverse"]
    assert operations[2, 16, "forward"] == operations[2, 2, "forward"]
    assert (costs["difference"] < 1e-6).all()

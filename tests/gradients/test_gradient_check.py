"""Correct gradients pass and wrong ones do not, at every scale."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from atelier.gradients import check_gradient
from atelier.gradients.derivatives import custom_sine
from atelier.maxout.networks import dense_maxout
from atelier.training.networks import five_layer_cnn, two_layer_cnn


def test_the_custom_sine_has_the_gradient_of_the_sine():
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
    for weights, weights_before in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weights, weights_before)


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


def wrong_element(factor, index):
    return np.where(np.arange(784) == index, factor, 1.0)


@pytest.mark.parametrize(
    ("factors", "least"),
    [(1.1, 0.05), (-1.0, 1.0), (wrong_element(1.1, 301), 5e-3), (wrong_element(-1.0, 301), 0.1),
     (wrong_element(0.0, 301), 0.1)],
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
def test_a_function_that_differs_from_call_to_call_is_refused(function):
    with pytest.raises(ValueError, match="same number when it is called again.*dropout"):
        check_gradient(function, [np.ones((10, 10, 3), np.float32)])


def test_state_that_makes_calls_differ_is_named_and_put_back():
    memory = tf.Variable(0.0, name="memory")
    with pytest.raises(ValueError, match="variables that it changes: memory"):
        check_gradient(lambda x: memory.assign_add(x) * x, [np.float32(3)])
    assert memory.numpy() == 0


def test_derivatives_below_rounding_are_refused():
    with pytest.raises(ValueError, match="exceed its rounding"):
        check_gradient(lambda x: 1e9 + tf.reduce_sum(x), [np.ones(3, np.float32)])


@pytest.mark.parametrize(
    ("function", "message"), [(lambda x: x * 2, "a number"), (tf.math.log, "finite values")]
)
def test_a_function_without_a_finite_number_cannot_be_checked(function, message):
    point = np.float64(-1) if function is tf.math.log else np.ones(3)
    with pytest.raises(ValueError, match=message):
        check_gradient(function, [point])


def test_at_a_kink_the_check_reports_that_there_is_no_slope():
    assert check_gradient(lambda x: tf.reduce_sum(tf.nn.relu(x)), [np.zeros(3)]).error > 0.3
    beside = np.array([-1.0, 0.5, 2.0])
    assert check_gradient(lambda x: tf.reduce_sum(tf.nn.relu(x)), [beside]).error < 1e-8

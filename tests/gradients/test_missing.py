"""Missing gradients against their planted causes."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from atelier.gradients import check_gradient, diagnose_gradient, example_of_each_reason


def test_every_reason_for_a_missing_gradient_is_named():
    function, values, names = example_of_each_reason()
    diagnoses = {d.name: d for d in diagnose_gradient(function, values, names=names)}
    assert diagnoses["a², watched"].norm == pytest.approx(2 * 1.5 * 1.5)
    reasons = {
        "sin by NumPy": "cut by NumPy",
        "rounded": "no gradient",
        "a tensor": "not watched",
        "an integer": "int32",
        "never used": "not connected",
    }
    for name, reason in reasons.items():
        assert reason in diagnoses[name].reason
        assert diagnoses[name].norm is None


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
    (diagnosis,) = diagnose_gradient(function, [kind(LOGITS)])
    assert diagnosis.norm is None
    assert re.search(f"cut by an operation that has no gradient: .*{operation}", diagnosis.reason)


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
def test_a_variable_that_is_changed_is_named_and_restored(name):
    """TensorFlow's guide, "Getting a gradient of None", its fourth cause."""
    first, second = tf.Variable([3.0, 4.0]), tf.Variable([0.5, 1.0], name="memory")
    diagnosis, second_diagnosis = diagnose_gradient(ASSIGNMENTS[name], [first, second])
    assert "cut by an assignment to memory" in diagnosis.reason
    assert "state is changed by assignment" in diagnosis.reason
    assert second_diagnosis.norm > 0
    np.testing.assert_array_equal(first, [3.0, 4.0])
    np.testing.assert_array_equal(second, [0.5, 1.0])


def test_a_metric_of_keras_is_state_too():
    (diagnosis,) = diagnose_gradient(metric, [tf.Variable([[3.0]])])
    assert "cut by an assignment to mean_squared_error" in diagnosis.reason


def state_of_layers():
    normal, drop = keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)
    normal.build((None, 3))
    drop.build((None, 3))
    return normal, drop


def test_variables_that_a_function_changes_are_restored():
    """Moving statistics, states of seed generators, counters; also after an error."""
    normal, drop = state_of_layers()
    counter = keras.Variable(1.0, trainable=False)
    variables = [*normal.variables, *drop.variables, counter]
    before = [np.array(variable.numpy()) for variable in variables]

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
    for value_before, variable in zip(before, variables, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value_before)
    np.testing.assert_array_equal(value, LOGITS)


def test_a_shape_is_no_connection():
    def function(x):
        return tf.reduce_sum(tf.zeros_like(x)) + tf.cast(tf.size(x), tf.float32)

    (diagnosis,) = diagnose_gradient(function, [tf.Variable(LOGITS)])
    assert "not connected" in diagnosis.reason


def test_random_numbers_outside_tensorflow_leave_the_reason_undecided():
    numbers = np.random.default_rng(0)
    (diagnosis,) = diagnose_gradient(lambda x: tf.constant(numbers.random()), [tf.Variable(1.0)])
    assert "two calls with the same values differ" in diagnosis.reason


@pytest.mark.parametrize(
    "function",
    [
        lambda v: np.sin(v.numpy()),
        lambda v: float(v**2),
        lambda v: tf.constant(np.argmax([1.0, v.numpy()])),
        lambda v: tf.numpy_function(np.sin, [v], tf.float32),
    ],
)
def test_a_result_from_outside_tensorflow_is_diagnosed_too(function):
    variable = tf.Variable(2.0)
    (diagnosis,) = diagnose_gradient(function, [variable])
    assert "cut by NumPy" in diagnosis.reason
    assert variable.numpy() == 2.0


def test_a_complex_value_has_a_gradient():
    (diagnosis,) = diagnose_gradient(lambda z: tf.abs(z) ** 2, [tf.Variable(3.0 + 4.0j)])
    assert diagnosis.norm == pytest.approx(10)

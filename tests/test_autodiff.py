"""Derivatives against values worked by hand; missing ones against their planted causes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from atelier.autodiff import (
    EXAMPLES,
    STEPS,
    automatic_gradient,
    check_gradient,
    derivatives,
    error_curve,
    numerical_gradient,
    own_sine,
    symbolic_gradient,
)
from atelier.diagnosis import diagnose_gradient, showcase
from atelier.minimising import by_hand, clipped, compute_and_apply, minimise
from atelier.models.cnn import post_network, strong_network
from atelier.models.maxout import dense_maxout
from atelier.modes import forward_jacobian, layer, mode_costs, reverse_jacobian

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
    table = derivatives()
    rows = table[table["function"] == example.formula]
    for method, tolerance in (("forward", 1e-6), ("central", 1e-9), ("complex step", 1e-12)):
        np.testing.assert_allclose(rows[method], answer, rtol=tolerance)


def test_at_a_kink_the_ways_disagree_as_they_must():
    kink = EXAMPLES["kink"]
    assert automatic_gradient(kink) == pytest.approx([0.2])
    row = derivatives().set_index("function").loc[kink.formula]
    assert row["central"] == pytest.approx(0.6)
    assert row["forward"] == pytest.approx(1.0)


@pytest.mark.parametrize(("method", "power"), [("forward", 1 / 2), ("central", 1 / 3)])
def test_the_error_is_least_near_the_step_that_theory_gives(method, power):
    curve = error_curve(EXAMPLES["wave"], np.logspace(-14, -1, 66))
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
    ways = [way(images, targets, steps=100) for way in (minimise, compute_and_apply, by_hand)]
    for one in ways[1:]:
        for found, expected in zip(one, ways[0], strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_gradients_can_be_tracked_clipped_and_taken_of_a_part():
    images, targets = data(np.random.default_rng(0))
    curve, untouched = [], minimise(images, targets, steps=0)
    part = compute_and_apply(images, targets, steps=3, only=slice(1, None), curve=curve)
    np.testing.assert_array_equal(part[0], untouched[0])
    assert not np.array_equal(part[1], untouched[1])
    assert [set(row) for row in curve] == [{"loss", "norm_0"}] * 3
    small = clipped([tf.constant([3.0]), tf.constant([4.0])], norm=1.0)
    np.testing.assert_allclose(small, [[0.6], [0.8]], rtol=1e-6)


def test_the_post_s_own_sine_has_the_sine_s_gradient():
    point = [np.linspace(-3, 3, 7)]
    checked = check_gradient(lambda x: tf.reduce_sum(own_sine(x)), point)
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
        "post": lambda: post_network(5, shape=shape, dropout=0),
        "strong": lambda: strong_network(5, shape=shape, dropout=0),
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
    function, values, names = showcase()
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


def test_a_result_that_left_tensorflow_is_diagnosed_too():
    variable = tf.Variable(2.0)
    (found,) = diagnose_gradient(lambda v: np.sin(v.numpy()), [variable])
    assert "cut by NumPy" in found.reason
    assert variable.numpy() == 2.0


def test_a_check_of_a_missing_gradient_says_which_and_why():
    with pytest.raises(ValueError, match="not connected"):
        check_gradient(lambda a, b: a * 2.0, [tf.Variable(1.0), tf.Variable(1.0)])


def test_both_modes_give_the_jacobian_of_a_layer():
    function, point = layer(3, 2), tf.constant([0.1, -0.2, 0.3])
    jacobian = reverse_jacobian(function, point).numpy()
    np.testing.assert_allclose(forward_jacobian(function, point).numpy(), jacobian, rtol=1e-6)
    for column in range(3):
        shift = np.eye(3, dtype=np.float32)[column] * 1e-2
        slope = (function(point + shift) - function(point - shift)).numpy() / 2e-2
        np.testing.assert_allclose(jacobian[:, column], slope, atol=1e-3)


def test_forward_mode_pays_for_inputs_and_reverse_mode_for_outputs():
    costs = mode_costs(((2, 2), (16, 2), (2, 16))).set_index(["inputs", "outputs", "mode"])
    operations = costs["operations"]
    assert operations[16, 2, "forward"] > 3 * operations[2, 2, "forward"]
    assert operations[16, 2, "reverse"] == operations[2, 2, "reverse"]
    assert operations[2, 16, "reverse"] > 3 * operations[2, 2, "reverse"]
    assert operations[2, 16, "forward"] == operations[2, 2, "forward"]
    assert (costs["difference"] < 1e-6).all()

import numpy as np
import tensorflow as tf

from atelier.gradients.jacobians import (
    forward_jacobian,
    jacobian_costs,
    reverse_jacobian,
    tanh_layer,
)


def test_both_modes_give_the_jacobian_of_a_layer():
    function, point = tanh_layer(3, 2), tf.constant([0.1, -0.2, 0.3])
    jacobian = reverse_jacobian(function, point).numpy()
    np.testing.assert_allclose(forward_jacobian(function, point).numpy(), jacobian, rtol=1e-6)
    for column in range(3):
        shift = np.eye(3, dtype=np.float32)[column] * 1e-2
        slope = (function(point + shift) - function(point - shift)).numpy() / 2e-2
        np.testing.assert_allclose(jacobian[:, column], slope, atol=1e-3)


def test_jacobians_are_in_the_precision_of_their_point():
    point = tf.constant([3.0, 5.0], tf.float64)
    for jacobian in (forward_jacobian, reverse_jacobian):
        values = jacobian(lambda x: tf.stack([x[0] * x[1], x[1] ** 2]), point)
        np.testing.assert_array_equal(values, [[5.0, 3.0], [0.0, 10.0]])


def test_forward_mode_pays_for_inputs_and_reverse_mode_for_outputs():
    costs = jacobian_costs(((2, 2), (16, 2), (2, 16))).set_index(["inputs", "outputs", "mode"])
    operations = costs["operations"]
    assert operations[16, 2, "forward"] > 3 * operations[2, 2, "forward"]
    assert operations[16, 2, "reverse"] == operations[2, 2, "reverse"]
    assert operations[2, 16, "reverse"] > 3 * operations[2, 2, "reverse"]
    assert operations[2, 16, "forward"] == operations[2, 2, "forward"]
    assert (costs["difference"] < 1e-6).all()

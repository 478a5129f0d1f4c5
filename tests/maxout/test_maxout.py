"""Maxout: shapes, groups and gradients by hand; the training that continues after a kill."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.training import STILL, Memory

from atelier.maxout.comparison import compare_with_relu, piece_shares
from atelier.maxout.functions import TARGETS, fit_functions
from atelier.maxout.networks import Maxout, convolutional_maxout, dense_maxout, rectified_width
from atelier.maxout.params import MaxoutParams, MomentumParams
from atelier.maxout.training import MomentumTrainer, train_with_momentum
from atelier.training.params import TrainingParams


def test_each_unit_is_the_maximum_of_its_group():
    x = np.random.default_rng(0).normal(size=(5, 4, 2, 18)).astype(np.float32)
    output = np.asarray(Maxout(3)(x))
    assert output.shape == (5, 4, 2, 3)
    for unit in range(3):
        group = x[..., 6 * unit : 6 * unit + 6]
        np.testing.assert_array_equal(output[..., unit], group.max(axis=-1))


@pytest.mark.parametrize("axis", [1, 2, -2, 3])
def test_any_axis_is_grouped_in_place(axis):
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 6)).astype(np.float32)
    output = np.asarray(Maxout(2, axis=axis)(x))
    moved = np.moveaxis(x, axis, -1)
    expected = moved.reshape(*moved.shape[:-1], 2, 3).max(axis=-1)
    np.testing.assert_array_equal(output, np.moveaxis(expected, -1, axis))


def test_the_gradient_of_a_unit_goes_to_its_largest_piece_alone():
    features = tf.constant([[1.0, 3.0, -2.0, -1.0, 0.5, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(features)
        total = tf.reduce_sum(Maxout(2)(features) * [10.0, 7.0])
    assert tape.gradient(total, features).numpy().tolist() == [[0, 10, 0, 0, 7, 0]]


def test_features_that_do_not_divide_by_the_units_are_refused():
    words = r"number of features\(7\) is not a multiple of num_units\(3\)"
    with pytest.raises(ValueError, match=words):
        Maxout(3)(np.zeros((2, 7), np.float32))
    with pytest.raises(ValueError, match="at least one unit"):
        Maxout(0)


def test_relu_and_the_absolute_value_are_maxout_of_two_pieces():
    x = np.linspace(-2, 2, 9, dtype=np.float32)[:, None]
    for weights, expected in ((([[1.0, 0.0]]), np.maximum(x, 0)), ([[3.0, -3.0]], np.abs(3 * x))):
        pieces = x @ np.array(weights, np.float32)
        np.testing.assert_allclose(np.asarray(Maxout(1)(pieces)), expected, rtol=1e-6)


def test_it_is_saved_and_loaded_with_its_network(tmp_path):
    image = keras.Input((None, None, 12))
    model = keras.Model(image, Maxout(4, axis=-1)(image))
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras", safe_mode=True)
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 12)).astype(np.float32)
    np.testing.assert_allclose(
        loaded.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_networks_have_the_paper_s_parameters_and_relu_networks_as_many():
    shape, classes = (28, 28, 1), 10
    paper = dense_maxout(classes, shape=shape, units=240, pieces=5)
    assert paper.count_params() == 785 * 1200 + 241 * 1200 + 241 * 10
    width = rectified_width(paper, shape=shape, classes=classes)
    rival = dense_maxout(classes, shape=shape, units=width, pieces=1)
    assert abs(rival.count_params() - paper.count_params()) < 1600  # half a unit's parameters
    convolutional = convolutional_maxout(classes, shape=shape, filters=(4, 6), pieces=2)
    assert convolutional.count_params() == 26 * 8 + (25 * 4 + 1) * 12 + (7 * 7 * 6 + 1) * 10


def recipe(**changes):
    numbers = {
        "learning_rate": 0.1, "decay": 0.99, "momentum": (0.5, 0.7), "saturation": 2,
        "batch_size": 20, "epochs": 3, "more_epochs": 2, "held_out": 0.25, "seed": 0, "threads": 2,
    }  # fmt: skip
    return MomentumParams(**(numbers | changes))


def small(**changes):
    return dense_maxout(
        9, shape=(12, 12, 1), units=6, pieces=2, input_drop=0.1, hidden_drop=0.2, **changes
    )


def test_weights_stay_within_their_norm_while_they_learn(made):
    model = small(max_norm=0.5)
    train_with_momentum(model, made(180, 9), recipe(), curve=[], checkpoint=Memory())
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            norms = np.linalg.norm(np.asarray(layer.kernel), axis=0)
            assert norms.max() <= 0.5 + 1e-5
    assert norms.max() > 0.45


def test_a_step_is_momentum_less_the_rate_times_the_gradient(made):
    """One weight matrix, no dropout, two steps worked in NumPy."""
    train = made(40, 9)
    image = keras.Input((12, 12, 1))
    dense = keras.layers.Dense(9, use_bias=False)
    model = keras.Model(image, dense(keras.layers.Flatten()(image)))
    params = recipe(held_out=0.0001, momentum=(0.5, 0.5), decay=0.9)
    weight, velocity = model.get_weights()[0].astype(np.float64), 0.0
    trainer = MomentumTrainer(model, train, params)
    trainer.run_epoch(0, 40)
    order = np.random.default_rng((0, 0)).permutation(40)
    for step in range(2):
        rows = order[20 * step : 20 * step + 20]
        x = train["images"][rows].reshape(20, -1) / 255
        logits = x @ weight
        probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        gradient = x.T @ (probs - np.eye(9)[train["labels"][rows]]) / 20
        velocity = 0.5 * velocity - 0.1 * 0.9**step * gradient
        weight = weight + velocity
    np.testing.assert_allclose(model.get_weights()[0], weight, atol=1e-6)


@pytest.mark.parametrize("dies_after", [2, 4])
def test_a_killed_training_with_momentum_ends_with_the_same_weights(made, dies_after):
    train = made(180, 9)
    whole = train_with_momentum(small(), train, recipe(), curve=[], checkpoint=Memory())
    checkpoint, curve = Memory(dies_after), []
    with pytest.raises(KeyboardInterrupt):
        train_with_momentum(small(), train, recipe(), curve=[], checkpoint=checkpoint)
    resumed = train_with_momentum(small(), train, recipe(), curve=curve, checkpoint=checkpoint)
    assert resumed.history == whole.history == curve
    for one, other in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_maxout_and_relu_are_compared_and_pieces_counted(made):
    training = TrainingParams(
        optimizer="adam", learning_rate=0.01, schedule="constant", weight_decay=0, averaging=0,
        batch_size=30, epochs=3, patience=3, augmentation=STILL, seed=0, threads=2,
    )  # fmt: skip
    params = MaxoutParams(units=6, pieces=3, drop=0.2, training=training, seeds=(0, 1))
    table, model = compare_with_relu(made(180, 9), made(90, 9, seed=1), params, classes=9)
    assert len(table) == 2 * 2 * 2
    assert table["parameters"].max() / table["parameters"].min() < 1.05
    np.testing.assert_allclose(table["mistakes"], table["error"] * 90)
    shares = piece_shares(model, made(90, 9)["images"])
    assert shares.shape == (6, 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (np.diff(shares, axis=1) <= 0).all()


def test_one_unit_learns_the_paper_s_three_functions():
    fit = fit_functions(pieces=5, steps=400, seed=0)
    np.testing.assert_allclose(fit.outputs, fit.pieces.max(axis=2), rtol=1e-5)
    error = np.abs(fit.outputs - fit.targets).max(axis=0)
    assert error[:2].max() < 0.05  # |x| and ReLU are maxima of straight lines
    assert error[2] < 0.5  # x² by five tangents would be within .08
    assert len(TARGETS) == 3

import numpy as np
import tensorflow as tf

from atelier.gradients.minimization import (
    clip_gradients,
    minimize_by_hand,
    minimize_three_ways,
    minimize_with_keras,
    minimize_with_tape,
)


def data(rng):
    return rng.random((100, 12)).astype(np.float32), np.eye(4, dtype=np.float32)[np.arange(100) % 4]


def test_three_ways_to_minimise_end_in_the_same_weights_after_100_steps():
    images, targets = data(np.random.default_rng(0))
    ways = [
        way(images, targets, steps=100)
        for way in (minimize_with_keras, minimize_with_tape, minimize_by_hand)
    ]
    for weights in ways[1:]:
        for actual, expected in zip(weights, ways[0], strict=True):
            np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_gradients_can_be_tracked_clipped_and_taken_of_a_part():
    images, targets = data(np.random.default_rng(0))
    curve, untouched = [], minimize_with_keras(images, targets, steps=0)
    part = minimize_with_tape(images, targets, steps=3, only=slice(1, None), curve=curve)
    np.testing.assert_array_equal(part[0], untouched[0])
    assert not np.array_equal(part[1], untouched[1])
    assert [set(row) for row in curve] == [{"loss", "norm_0"}] * 3
    small = clip_gradients([tf.constant([3.0]), tf.constant([4.0])], norm=1.0)
    np.testing.assert_allclose(small, [[0.6], [0.8]], rtol=1e-6)


def test_variants_differ_from_the_minimisation_and_the_ways_do_not():
    images, targets = data(np.random.default_rng(0))
    curve = []
    table = minimize_three_ways(images, targets, steps=2, norm=0.01, curve=curve)
    assert table["method"].tolist()[0] == "minimize"
    assert table["bit_identical"].iloc[0]
    assert (table[["difference_0", "difference_1"]].iloc[:3] < 1e-6).all(axis=None)
    assert (table[["difference_0", "difference_1"]].iloc[3:].max(axis=1) > 1e-4).all()
    assert len(curve) == 2

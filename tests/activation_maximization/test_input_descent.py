import numpy as np
import pytest
from support.ascent import SHAPE

from atelier.activation_maximization import (
    descend_cross_entropy,
    descend_from_starts,
    evaluation,
    initial_images,
    list_starts,
    zero_border,
)
from atelier.activation_maximization.params import InputDescentParams


def test_a_step_of_a_linear_model_is_the_one_worked_by_hand(linear):
    model, templates = linear
    starts = initial_images("random", 2, SHAPE, seed=3)
    descent = descend_cross_entropy(model, starts, np.array([0, 2]), steps=1, learning_rate=0.5)
    logits = starts.reshape(2, -1) @ templates
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = starts.reshape(2, -1) - 0.5 * (probs - np.eye(3)[[0, 2]]) @ templates.T
    np.testing.assert_allclose(descent.images[0], starts)
    np.testing.assert_allclose(descent.images[1].reshape(2, -1), expected, rtol=1e-5)
    np.testing.assert_allclose(descent.logits[0], logits, rtol=1e-5)


def test_a_batch_gives_what_one_image_at_a_time_gives(linear):
    model, _ = linear
    starts, targets = initial_images("random", 3, SHAPE, seed=1), np.array([2, 1, 0])
    batch = descend_cross_entropy(model, starts, targets, steps=4, learning_rate=0.3)
    for i in range(3):
        single = descend_cross_entropy(
            model, starts[i : i + 1], targets[i : i + 1], steps=4, learning_rate=0.3
        )
        np.testing.assert_allclose(single.images[:, 0], batch.images[:, i], rtol=1e-5, atol=1e-6)


def test_steps_raise_the_confidence_and_leave_the_weights_alone(linear):
    model, templates = linear
    descent = descend_cross_entropy(
        model, initial_images("half", 3, SHAPE, seed=0), np.arange(3), steps=30, learning_rate=0.5
    )
    confidence = evaluation.target_confidence(descent.logits, np.arange(3))
    assert (np.diff(confidence, axis=0) > 0).all()
    assert (confidence[-1] > 0.99).all()
    np.testing.assert_array_equal(model.layers[-1].get_weights()[0], templates)


@pytest.mark.parametrize("targets", [[0, 1], [0, 1, 3], [-1, 0, 1]])
def test_targets_that_do_not_fit_are_refused(targets, linear):
    with pytest.raises(ValueError, match="3 targets in 0 … 2"):
        descend_cross_entropy(
            linear[0], initial_images("ones", 3, SHAPE, seed=0), np.array(targets), steps=1,
            learning_rate=1,
        )  # fmt: skip


def test_initial_images_are_constant_or_uniform_random():
    assert (initial_images("ones", 2, SHAPE, seed=0) == 1).all()
    assert (initial_images("half", 2, SHAPE, seed=0) == 0.5).all()
    assert (initial_images("zeros", 2, SHAPE, seed=0) == 0).all()
    random = initial_images("random", 200, SHAPE, seed=0)
    assert random.min() >= 0
    assert random.max() <= 1
    assert random.mean() == pytest.approx(0.5, abs=0.02)
    assert (random != initial_images("random", 200, SHAPE, seed=1)).any()
    with pytest.raises(ValueError, match="ones, half, zeros, random.*twos"):
        initial_images("twos", 1, SHAPE, seed=0)


def test_a_border_of_zeros_leaves_the_inside_as_it_was():
    images = np.arange(1.0, 31.0).reshape(1, *SHAPE)
    inside = zero_border(images, 1)
    np.testing.assert_array_equal(inside[:, 1:-1, 1:-1], images[:, 1:-1, 1:-1])
    assert inside.sum() == images[:, 1:-1, 1:-1].sum()
    assert images.sum() == 465  # as it was
    assert zero_border(images, 3).sum() == 0


def test_random_starts_come_last_with_the_number_of_their_draw():
    starts = list_starts(["zeros", "random", "ones"], 2)
    assert starts == [("zeros", 0), ("ones", 0), ("random", 0), ("random", 1)]


def test_every_start_has_a_row_with_its_draw_and_one_array_for_each_quantity(linear):
    model, templates = linear
    params = InputDescentParams(
        starts=("ones", "random"), random_starts=2, steps=3, learning_rate=0.5, border=1, seed=7,
        threads=1,
    )  # fmt: skip
    table = descend_from_starts(model, 3, params)
    assert table["start"].tolist() == ["ones", "random", "random"]
    assert table["draw"].tolist() == [0, 0, 1]
    assert table["images"].shape == (3, 4, 3, *SHAPE)
    np.testing.assert_array_equal(table["images"][0, 0], 1)
    np.testing.assert_array_equal(table["images"][2, 0], initial_images("random", 3, SHAPE, seed=8))
    logits = table["images"].reshape(3, 4, 3, -1) @ templates
    np.testing.assert_allclose(table["logits"], logits, rtol=1e-4, atol=1e-5)
    inside = zero_border(table["images"][:, -1].reshape(9, *SHAPE), 1).reshape(3, 3, -1)
    np.testing.assert_allclose(table["border_logits"], inside @ templates, rtol=1e-4, atol=1e-5)

import numpy as np
import pytest

from atelier.style_transfer import content_loss, gram_matrix, style_loss, total_variation

MAPS = np.array([[1.0, 2, 3, 4], [0, 1, 0, 1]]).T[None]  # (1, 4, 2): four positions, two channels


def test_the_gram_matrix_is_the_one_worked_by_hand():
    np.testing.assert_array_equal(gram_matrix(MAPS), [[30, 6], [6, 2]])


def test_e_against_nothing_is_the_one_worked_by_hand():
    assert float(style_loss(MAPS, np.zeros((2, 2)))) == pytest.approx(3.8125)
    assert float(style_loss(MAPS, np.zeros_like(MAPS))) == pytest.approx(3.8125)


def test_content_and_variation_are_those_worked_by_hand():
    assert float(content_loss(MAPS, np.zeros_like(MAPS))) == 16.0  # ½ (1+4+9+16+1+1)
    picture = np.array([[0.0, 1], [3, 3]])[..., None]
    assert float(total_variation(picture)) == 9 + 4 + 1 + 0


def test_a_style_does_not_depend_on_where_things_are(rng):
    maps = rng.normal(size=(4, 5, 3))
    shuffled = rng.permutation(maps.reshape(-1, 3)).reshape(5, 4, 3)
    assert float(style_loss(maps, shuffled)) == pytest.approx(0, abs=1e-20)


def test_a_style_does_not_depend_on_how_large_its_picture_is(rng):
    maps = rng.normal(size=(4, 5, 3))
    twice = np.concatenate([maps, maps])
    assert float(style_loss(maps, twice)) == pytest.approx(0, abs=1e-20)


@pytest.mark.parametrize(
    "loss",
    [
        lambda maps: style_loss(maps, np.ones((3, 3))),
        lambda maps: content_loss(maps, np.ones((4, 5, 3))),
        total_variation,
    ],
)
def test_the_gradient_is_what_differences_give(loss, rng):
    import tensorflow as tf

    at = tf.constant(rng.normal(size=(4, 5, 3)))
    with tf.GradientTape() as tape:
        tape.watch(at)
        value = loss(at)
    gradient = tape.gradient(value, at).numpy()
    step = 1e-6
    for index in [(0, 0, 0), (3, 4, 2), (2, 1, 1)]:
        moved = np.zeros(at.shape)
        moved[index] = step
        by_difference = (float(loss(at + moved)) - float(loss(at - moved))) / (2 * step)
        assert gradient[index] == pytest.approx(by_difference, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gram_matrix(np.zeros((2, 2))), r"\(height, width, channels\)"),
        (lambda: style_loss(MAPS, np.zeros((3, 3))), "2 channels"),
        (lambda: content_loss(MAPS, np.zeros((1, 3, 2))), "one shape"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

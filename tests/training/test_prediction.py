import numpy as np
import pytest

from atelier.training import NetworkParams, build_classifier, predict_logits, predict_shifted_logits


def test_shifted_logits_are_the_mean_over_four_moved_copies():
    """Images with empty edges are moved by rolling them."""
    model = build_classifier(NetworkParams(architecture="post", dropout=0.5), 3, seed=0)
    images = np.zeros((5, 28, 28, 1), np.uint8)
    images[:, 4:24, 4:24] = np.random.default_rng(0).integers(0, 256, (5, 20, 20, 1))
    moves = [(-2, 1), (2, 1), (-2, 2), (2, 2)]
    copies = [predict_logits(model, np.roll(images, step, axis)) for step, axis in moves]
    shifted = predict_shifted_logits(model, images, shift=2)
    assert (shifted.shape, shifted.dtype) == ((5, 3), np.float32)
    np.testing.assert_allclose(shifted, np.mean(copies, axis=0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shift", [0, -1, 8])
def test_a_shift_outside_of_the_image_is_refused(shift):
    with pytest.raises(ValueError, match=r"from 1 to 7 pixels for images of 9×8\. Received"):
        predict_shifted_logits(None, np.zeros((2, 9, 8, 1), np.uint8), shift=shift)

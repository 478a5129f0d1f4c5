"""Corruptions: each by a law of its own."""

import numpy as np
import pytest

from atelier.data.corruptions import CORRUPTIONS, corrupt


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    pictures = np.zeros((6, 28, 28, 1), np.float32)
    pictures[:, 8:20, 10:18] = rng.random((6, 12, 8, 1), np.float32)
    return pictures


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_level_zero_changes_nothing_and_the_same_seed_the_same(name, images):
    np.testing.assert_allclose(corrupt(images, name, 0, seed=0), images, atol=1e-6)
    once, repeated = (corrupt(images, name, 0.5, seed=3) for _ in range(2))
    np.testing.assert_array_equal(once, repeated)
    assert once.shape == images.shape
    assert once.dtype == np.float32


def test_scaling_multiplies_and_cuts_nothing_off(images):
    np.testing.assert_allclose(corrupt(images, "scale", 1, seed=0), 2 * images)
    assert corrupt(images, "scale", 1, seed=0).max() > 1


def test_blur_keeps_the_light_and_loses_the_contrast(images):
    blurred = corrupt(images, "blur", 1, seed=0)
    np.testing.assert_allclose(blurred.sum(axis=(1, 2)), images.sum(axis=(1, 2)), rtol=1e-3)
    assert (blurred.std(axis=(1, 2)) < images.std(axis=(1, 2))).all()


def test_noise_has_the_deviation_that_was_asked_for():
    grey = np.full((20, 28, 28, 1), 0.5, np.float32)
    assert corrupt(grey, "noise", 0.1, seed=0).std() == pytest.approx(0.1, rel=0.03)


def test_jpeg_loses_more_at_lower_quality(images):
    lost = [np.abs(corrupt(images, "jpeg", level, seed=0) - images).mean() for level in (5, 50, 95)]
    assert 0 < lost[0] < lost[1] < lost[2] < 0.2


def test_rotation_by_a_quarter_turn_is_exact(images):
    turned = corrupt(images, "rotation", 90, seed=0)
    for before, after in zip(images, turned, strict=True):
        rotations = [np.rot90(before, quarter) for quarter in (1, -1)]
        assert min(np.abs(after - rotated).max() for rotated in rotations) < 1e-5


@pytest.mark.parametrize(("name", "level"), [("fog", 1), ("blur", -1)])
def test_an_unknown_change_or_a_negative_level_is_refused(name, level, images):
    with pytest.raises(ValueError, match=f"Received: {name} at {level}"):
        corrupt(images, name, level, seed=0)

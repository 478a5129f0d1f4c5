import numpy as np
import pytest
from skimage.color import rgb2yiq

from atelier.style_transfer.colours import (
    luminance,
    match_colours,
    match_luminance,
    restore_colours,
)


@pytest.fixture
def pictures(rng):
    style = rng.uniform(0, 255, (9, 7, 3)) @ rng.normal(size=(3, 3))
    return style, rng.uniform(0, 255, (6, 8, 3)) * [0.2, 1.0, 0.6]


def test_restored_colours_are_the_contents_with_the_results_luminance(pictures, rng):
    _, content = pictures
    painted = rng.uniform(0, 255, content.shape)
    restored = rgb2yiq(restore_colours(painted, content) / 255)
    np.testing.assert_allclose(restored[..., 1:], rgb2yiq(content / 255)[..., 1:], atol=2e-3)
    np.testing.assert_allclose(restored[..., 0], rgb2yiq(painted / 255)[..., 0], atol=2e-3)


def test_a_matched_style_has_the_contents_mean_and_covariance(pictures):
    style, content = pictures
    matched = match_colours(style, content).reshape(-1, 3)
    np.testing.assert_allclose(matched.mean(axis=0), content.reshape(-1, 3).mean(axis=0))
    covariances = [np.cov(rgb.reshape(-1, 3).T, bias=True) for rgb in (matched, content)]
    np.testing.assert_allclose(*covariances)


def test_a_matched_luminance_has_the_contents_mean_and_spread(pictures):
    style, content = pictures
    matched, wanted = match_luminance(style, content), luminance(content)
    assert (matched[..., 0] == matched[..., 2]).all()
    assert matched.mean() == pytest.approx(wanted.mean())
    assert matched.std() == pytest.approx(wanted.std())


def test_a_style_of_one_colour_becomes_the_contents_mean_colour(pictures):
    _, content = pictures
    matched = match_colours(np.full((4, 4, 3), 90.0), content)
    np.testing.assert_allclose(matched, np.broadcast_to(content.mean(axis=(0, 1)), (4, 4, 3)))
    light = match_luminance(np.full((4, 4, 3), 90.0), content)
    np.testing.assert_allclose(light, luminance(content).mean())

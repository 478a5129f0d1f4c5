import keras
import numpy as np
import pytest
from scipy.stats import norm
from support.ascent import SHAPE, ascent_params

from atelier.activation_maximization import (
    FeatureMaps,
    GradientAscent,
    initial_images,
    maximize,
    maximize_presets,
)
from atelier.activation_maximization.params import AscentPresetsParams


def test_free_ascent_of_a_linear_unit_is_white_where_its_template_is_positive(linear):
    model, templates = linear
    images = maximize(
        model, initial_images("half", 3, SHAPE, seed=0), np.arange(3), ascent_params(), seed=0
    )
    np.testing.assert_array_equal(images.reshape(3, -1) > 0.5, templates.T > 0)


def test_decay_ends_at_the_template_itself(linear):
    model, templates = linear
    params = ascent_params(l2=2.0, steps=400, rate=0.2, clip=False)
    images = maximize(
        model, initial_images("zeros", 3, SHAPE, seed=0), np.arange(3), params, seed=0
    )
    scaled = templates.T / np.sqrt((templates**2).mean(axis=0))[:, None]
    np.testing.assert_allclose(images.reshape(3, -1), scaled / 2.0, rtol=1e-3, atol=1e-4)


def test_a_channel_is_maximised_over_all_positions(convolution):
    starts = initial_images("half", 2, (8, 8, 1), seed=0)
    ascent = GradientAscent(FeatureMaps(convolution, "edges"))
    result = ascent.maximize(starts, np.array([0, 1]), ascent_params(), pictures=5, seed=0)
    assert result.images[0].min() == 1  # brightness
    rising = np.diff(result.images[1, :, [0, -1], 0], axis=0).mean()
    assert rising > 0.9  # dark at the left edge, bright at the right: all else cancels out
    assert result.frames.shape == (5, 2, 8, 8, 1)
    assert (np.diff(result.activations, axis=0) >= 0).all()


def roughness(image):
    return sum(np.abs(np.diff(image, axis=axis)).mean() for axis in (0, 1))


@pytest.mark.parametrize("smoothing", [{"variation": 1.0}, {"blur": 1.0}])
def test_variation_and_blur_make_an_image_smoother(smoothing, linear):
    starts = initial_images("random", 3, SHAPE, seed=0)
    free, smooth = (
        maximize(linear[0], starts, np.arange(3), ascent_params(l2=0.5, **changes), seed=0)
        for changes in ({}, smoothing)
    )
    assert roughness(smooth[0]) < 0.8 * roughness(free[0])


def test_the_jitter_depends_on_the_seed(linear):
    starts = initial_images("half", 3, SHAPE, seed=0)
    params = ascent_params(jitter=2)
    first, same, another = (
        maximize(linear[0], starts, np.arange(3), params, seed=seed) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, same)
    assert (first != another).any()


def test_a_blur_spreads_a_point_as_a_gaussian_and_keeps_its_sum():
    from atelier.activation_maximization.ascent import _gaussian_blur, _gaussian_kernel

    image = np.zeros((1, 21, 21, 2), np.float32)
    image[0, 10, 10, 0] = 1
    kernel = _gaussian_kernel(1.5).astype(np.float32)
    spread = np.asarray(_gaussian_blur(image, kernel))
    offsets = np.arange(-10, 11)
    line = norm.pdf(offsets, scale=1.5) * (abs(offsets) <= 5)
    line /= line.sum()
    np.testing.assert_allclose(spread[0, ..., 0], np.outer(line, line), atol=1e-6)
    assert spread[..., 1].max() == 0


@pytest.mark.parametrize(
    ("starts", "units", "message"),
    [
        ((3, 6, 5, 1), [0, 1, 3], "units in 0 … 2"),
        ((3, 6, 5, 1), [0, 1], "a unit for each start"),
        ((3, 6, 6, 1), [0, 1, 2], r"\(6, 5, 1\)"),
    ],
)
def test_units_and_starts_that_do_not_fit_are_refused(starts, units, message, linear):
    with pytest.raises(ValueError, match=message):
        maximize(linear[0], np.zeros(starts), np.array(units), ascent_params(), seed=0)


def test_a_layer_that_is_not_there_is_refused(convolution):
    with pytest.raises(ValueError, match=r"edges.*Received: middle"):
        FeatureMaps(convolution, "middle")


def test_every_preset_has_a_row_and_the_last_one_has_frames(convolution):
    params = AscentPresetsParams(
        presets={"free": ascent_params(steps=3), "decay": ascent_params(steps=3, l2=1.0)},
        start="half", layers=2, pictures=3, seed=0, threads=1,
    )  # fmt: skip
    model = keras.Sequential([keras.Input((8, 8, 1)), convolution])
    table = maximize_presets(model, 2, params)
    assert table["preset"].tolist() == ["free", "decay"]
    assert table["start"].tolist() == ["half", "half"]
    assert table["draw"].tolist() == [0, 0]
    assert table["images"].shape == (2, 2, 8, 8, 1)
    assert table["frames"].shape == (3, 2, 8, 8, 1)
    np.testing.assert_array_equal(table["frames"][-1], table["images"][-1])

"""Histograms of grey values: counts by hand, laws, masks."""

import numpy as np
import pytest

from atelier.thresholding import bootstrap_thresholds, count_stack_levels, threshold_curve
from atelier.thresholding.grey_levels import EXACT_LEVELS, count_grey_levels
from atelier.thresholding.partition import scaled_distances


@pytest.mark.parametrize("size", [1, 2, 7, 300_001])
def test_every_byte_of_an_odd_number_counts_once(size, rng):
    image = rng.integers(0, 256, size, dtype=np.uint8)
    counts = count_grey_levels(image).counts
    np.testing.assert_array_equal(counts, [np.count_nonzero(image == grey) for grey in range(256)])


def test_zero_below_zero_is_zero():
    histogram = count_grey_levels(np.array([-0.0, 0.0, 1.5]))
    assert histogram.counts.tolist() == [2, 1]
    assert str(histogram.levels[0]) == "0.0"


@pytest.mark.parametrize("values", [[0.25, 0.375, 0.5], [-3.0, 1.0, 5.0], [-2e300, 0.0, 2e300]])
def test_distances_are_fractions_of_a_power_of_two(values):
    values = np.array(values)
    distances, exponent = scaled_distances(values)
    assert distances[0] == 0
    assert 0.5 <= distances[-1] < 1
    expected = np.ldexp(values / 4 - values[0] / 4, 2 - exponent)
    np.testing.assert_array_equal(distances, expected)


def test_the_curve_of_many_different_floats_has_the_variance_of_the_pixels(rng):
    image = rng.normal(size=2 * EXACT_LEVELS)
    curve = threshold_curve(*count_grey_levels(image))
    assert curve.total == pytest.approx(image.var(), rel=1e-9)
    half = image <= curve.levels[len(curve.levels) // 2]
    within = half.mean() * image[half].var() + (~half).mean() * image[~half].var()
    assert curve.within[len(curve.levels) // 2] == pytest.approx(within, rel=1e-6)


def test_masked_pixels_do_not_move_a_resampled_threshold():
    image = np.tile([10, 10, 200, 200], (8, 1))
    mask = np.zeros(image.shape, bool)
    mask[:, 1] = True
    disturbed = np.where(mask, 5000, image)
    masked = np.ma.masked_array(disturbed, mask)
    assert bootstrap_thresholds(masked, block=4, resamples=5, seed=0).tolist() == [10] * 5


def test_images_of_two_types_are_refused_by_their_names():
    images = [np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.float32)]
    with pytest.raises(ValueError, match="Received: float32, uint8"):
        count_stack_levels(images)
    with pytest.raises(ValueError, match="Received: none"):
        count_stack_levels([])

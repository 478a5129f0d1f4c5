"""Grey channels of pictures in which almost every pixel is equal."""

import numpy as np

from atelier.cells.grayscale import normalise


def test_a_single_bright_pixel_is_one_and_all_others_are_zero():
    image = np.full((100, 100), 7, np.uint8)
    image[3, 5] = 250
    expected = np.zeros((100, 100))
    expected[3, 5] = 1
    np.testing.assert_array_equal(normalise(image), expected)

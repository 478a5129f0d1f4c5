import numpy as np
import pytest
from PIL import Image
from skimage.transform import resize

from atelier.data.pictures import (
    EMBEDDED,
    average_areas,
    longer_side_shape,
    read_picture,
    resize_longer_side,
    resize_to,
    to_rgb,
)

RED = (255.0, 0.0, 0.0)


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_picture_that_comes_along_is_a_picture(name):
    assert to_rgb(read_picture(name)).std() > 10


@pytest.mark.parametrize(
    ("picture", "colour"),
    [
        (np.full((2, 3), 128, np.uint8), (128,) * 3),
        (np.full((2, 3), 65535, np.uint16), (255,) * 3),
        (np.ones((2, 3), bool), (255,) * 3),
        (np.full((2, 3, 1), 0.2), (51,) * 3),
        (np.full((2, 3, 2), (0, 51), np.uint8), (204,) * 3),  # black, a fifth opaque, on white
        (np.full((2, 3, 3), (255, 0, 0), np.uint8), RED),
        (np.full((2, 3, 4), (255, 0, 0, 255), np.uint8), RED),
        (np.full((2, 3, 4), (255, 0, 0, 0), np.uint8), (255,) * 3),
    ],
)
def test_any_kind_of_picture_becomes_colours_of_0_to_255(picture, colour):
    np.testing.assert_allclose(to_rgb(picture), np.broadcast_to(colour, (2, 3, 3)), rtol=1e-6)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros(5), r"\(height, width\)"),
        (np.zeros((2, 2, 5)), r"\(2, 2, 5\)"),
        (np.zeros((0, 2, 3)), r"\(0, 2, 3\)"),
        (np.full((2, 2), 300.0), r"floats in \[0, 1\].*300"),
        (np.full((2, 2), np.nan), r"floats in \[0, 1\].*nan"),
        (np.zeros((2, 2), np.int32), "int32"),
    ],
)
def test_what_is_no_picture_is_refused(picture, words):
    with pytest.raises(ValueError, match=words):
        to_rgb(picture)


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "P", "L", "LA", "1"])
def test_any_mode_of_a_file_is_read_as_the_colours_that_it_means(mode, tmp_path):
    grey = Image.new("RGB", (8, 8), (255, 255, 255)).convert(mode)
    path = tmp_path / ("picture.jpg" if mode in {"CMYK", "YCbCr"} else "picture.png")
    grey.save(path)
    np.testing.assert_allclose(to_rgb(read_picture(str(path))), 255.0, atol=1)


@pytest.mark.parametrize(
    ("shape", "side", "wanted"),
    [((100, 50), 20, (20, 16)), ((100, 80), 50, (50, 40)), ((30, 60), 120, (60, 120))],
)
def test_the_longer_side_is_made_as_long_as_asked(shape, side, wanted):
    assert resize_longer_side(np.zeros((*shape, 3)), side).shape == (*wanted, 3)


def test_a_constant_picture_stays_so_at_any_size():
    for shape in ((13, 17), (3, 2), (80, 1)):
        resized = resize_to(np.full((40, 30, 3), 200.0), shape)
        assert resized.dtype == np.float32
        np.testing.assert_allclose(resized, 200.0, rtol=1e-5)


def test_a_size_is_known_without_a_picture():
    for shape in ((100, 50), (3024, 4032), (7, 1000)):
        assert (
            longer_side_shape((*shape, 3), 48)
            == resize_longer_side(np.zeros((*shape, 3)), 48).shape[:2]
        )


def test_areas_are_averaged_exactly_where_they_are_whole_and_by_their_share_where_not():
    picture = np.arange(24.0).reshape(4, 6)
    expected = picture.reshape(2, 2, 3, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(average_areas(picture, (2, 3)), expected)
    # Five pixels in two areas of 2.5: (0 + 1 + .5 · 2) / 2.5 = .8 and (.5 · 2 + 3 + 4) / 2.5 = 3.2
    np.testing.assert_allclose(average_areas(np.arange(5.0)[:, None], (2, 1)), [[0.8], [3.2]])
    assert average_areas(picture, (4, 6)) is picture


def scikit_image(picture, shape):
    return resize(picture, shape, order=3, mode="reflect", anti_aliasing=True, preserve_range=True)


@pytest.mark.parametrize("name", ["astronaut", "china", "coffee", "hubble_deep_field"])
def test_a_picture_that_shrinks_little_is_scikit_images_to_the_bit(name):
    picture = to_rgb(read_picture(name))
    shape = longer_side_shape(picture.shape, max(picture.shape) // 5)
    np.testing.assert_array_equal(resize_to(picture, shape), scikit_image(picture, shape))


NEARLY = 0.6
"""Mean difference in grey levels that areas averaged first may make."""


def nearly_scikit_images(picture, side):
    shape = longer_side_shape(picture.shape, side)
    difference = np.abs(resize_to(picture, shape) - scikit_image(picture, shape))
    assert difference.mean() < NEARLY
    assert difference.max() < 20  # at the border, which is mirrored at another place


@pytest.mark.parametrize("name", ["astronaut", "china", "coffee", "hubble_deep_field"])
@pytest.mark.parametrize("side", [32, 48])
def test_a_picture_that_shrinks_much_is_nearly_scikit_images(name, side):
    nearly_scikit_images(to_rgb(read_picture(name)), side)


def test_real_paintings_that_shrink_much_are_nearly_scikit_images(mirror):
    for path in sorted((mirror / "paintings").glob("*.jpg")):
        nearly_scikit_images(to_rgb(read_picture(str(path))), 48)


def test_a_photograph_taken_sideways_is_read_upright(tmp_path):
    picture = np.zeros((8, 16, 3), np.uint8)
    picture[:, :8] = 255  # white on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: shown a quarter turn clockwise
    Image.fromarray(picture).save(tmp_path / "turned.png", exif=exif)
    upright = read_picture(str(tmp_path / "turned.png"))
    assert upright.shape == (16, 8, 3)
    assert upright[:8].min() == 255  # white on top
    assert upright[8:].max() == 0

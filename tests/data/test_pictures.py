import numpy as np
import pytest
from PIL import Image

from atelier.data.pictures import EMBEDDED, fit_side, read_picture, resize_to, to_rgb

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
    assert fit_side(np.zeros((*shape, 3)), side).shape == (*wanted, 3)


def test_a_constant_picture_stays_so_at_any_size():
    np.testing.assert_allclose(resize_to(np.full((40, 30, 3), 200.0), (13, 17)), 200.0, rtol=1e-5)


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

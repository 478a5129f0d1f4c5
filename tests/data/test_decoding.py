"""Every mode of a picture file, with the pixels that it means worked out by hand."""

import io
import logging

import numpy as np
import pytest
from PIL import Image

from atelier.data.decoding import (
    decode_labels,
    decode_mask,
    decode_picture,
    decode_volume,
    to_storage_type,
)


def encode(picture, kind, **settings):
    """A picture as the bytes of a file."""
    stream = io.BytesIO()
    picture.save(stream, kind, **settings)
    return stream.getvalue()


def pixels(mode, values):
    """A picture of one row, made pixel by pixel."""
    picture = Image.new(mode, (len(values), 1))
    for column, value in enumerate(values):
        picture.putpixel((column, 0), value)
    return picture


def palette(*colours):
    """A picture of one row, whose pixel i has the i-th colour of its palette."""
    picture = pixels("P", list(range(len(colours))))
    picture.putpalette([channel for colour in colours for channel in colour])
    return picture


def associated_alpha(colour):
    """A TIFF of one pixel whose colours were multiplied by their alpha."""
    import tifffile

    stream = io.BytesIO()
    image = np.array([[colour]], np.uint8)
    tifffile.imwrite(stream, image, photometric="rgb", extrasamples=["assocalpha"])
    return stream.getvalue()


RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
FILES = {
    "1": (encode(pixels("1", [0, 255]), "png"), [[0, 255]], np.uint8),
    "L": (encode(pixels("L", [0, 7, 255]), "png"), [[0, 7, 255]], np.uint8),
    "L with a transparent grey": (
        encode(pixels("L", [0, 7, 200]), "png", transparency=7),
        [[0, 255, 200]],
        np.uint8,
    ),
    # 255 - 51/255 · (255 - 0) = 204
    "LA": (encode(pixels("LA", [(0, 51), (7, 255), (7, 0)]), "png"), [[204, 7, 255]], np.uint8),
    "P of colours": (encode(palette(RED, BLUE), "png"), [[RED, BLUE]], np.uint8),
    "P of greys": (encode(palette((9,) * 3, (4,) * 3), "gif"), [[9, 4]], np.uint8),
    "P with a transparent entry": (
        encode(palette(RED, BLUE), "png", transparency=1),
        [[RED, WHITE]],
        np.uint8,
    ),
    "RGB": (encode(pixels("RGB", [RED, (1, 2, 3)]), "png"), [[RED, (1, 2, 3)]], np.uint8),
    "RGB of greys": (encode(pixels("RGB", [(5, 5, 5)]), "png"), [[(5, 5, 5)]], np.uint8),
    "RGB with a transparent colour": (
        encode(pixels("RGB", [RED, BLUE]), "png", transparency=BLUE),
        [[RED, WHITE]],
        np.uint8,
    ),
    "RGBA, opaque": (encode(pixels("RGBA", [(1, 2, 3, 255)]), "png"), [[(1, 2, 3)]], np.uint8),
    # 255 - 51/255 · 255 = 204
    "RGBA, a fifth": (
        encode(pixels("RGBA", [(255, 0, 0, 51)]), "png"),
        [[(255, 204, 204)]],
        np.uint8,
    ),
    "RGBa": (associated_alpha((51, 0, 0, 51)), [[(255, 204, 204)]], np.uint8),
    "CMYK": (
        encode(pixels("CMYK", [(0, 255, 255, 0), (0, 0, 0, 255)]), "tiff"),
        [[RED, (0, 0, 0)]],
        np.uint8,
    ),
    "YCbCr": (
        encode(pixels("YCbCr", [(255, 128, 128), (0, 128, 128)]), "tiff"),
        [[WHITE, (0, 0, 0)]],
        np.uint8,
    ),
    "LAB": (
        encode(pixels("LAB", [(255, 128, 128), (0, 128, 128)]), "tiff"),
        [[WHITE, (0, 0, 0)]],
        np.uint8,
    ),
    "I;16": (encode(pixels("I;16", [0, 300, 65535]), "png"), [[0, 300, 65535]], np.uint16),
    "I;16 with a transparent grey": (
        encode(pixels("I;16", [0, 300, 400]), "png", transparency=300),
        [[0, 65535, 400]],
        np.uint16,
    ),
    "I;16B": (
        encode(pixels("I;16B", [1, 256, 65535]), "tiff"),
        [[1, 256, 65535]],
        np.uint16,
    ),
    "I, 16 bit": (b"P5 2 1 65535\n\x00\x01\x01\x00", [[1, 256]], np.uint16),
    "I, 32 bit": (encode(pixels("I", [-5, 70000]), "tiff"), [[-5, 70000]], np.float32),
    "F": (encode(pixels("F", [-1.5, 0.25, 1e6]), "tiff"), [[-1.5, 0.25, 1e6]], np.float32),
}


def decoded(data):
    return decode_picture(io.BytesIO(data), "mine.png")


@pytest.mark.parametrize("mode", FILES)
def test_every_mode_of_a_file_becomes_the_pixels_that_it_means(mode):
    data, expected, kind = FILES[mode]
    picture = decoded(data)
    assert picture.dtype == kind
    rounding = 1 if mode == "LAB" else 0  # through a colour management that rounds
    np.testing.assert_allclose(picture, expected, rtol=0, atol=rounding)


def test_files_are_of_the_modes_that_the_table_says():
    for mode, (data, _, _) in FILES.items():
        read = Image.open(io.BytesIO(data)).mode
        stored = {"RGBa": "RGBA", "I;16B": "I;16B"}.get(mode, mode.split(",")[0].split()[0])
        assert read == stored, mode


# What EXIF says of the camera (tag 274), and what turns the stored picture upright.
TURNS = {
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(stored.T, 2),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("decode", [decode_picture, decode_labels, decode_mask])
def test_pictures_and_label_maps_are_turned_as_exif_says(orientation, decode):
    stored = np.arange(6, dtype=np.uint16).reshape(2, 3) * 100
    exif = Image.Exif()
    exif[274] = orientation
    for kind, settings in (("png", {"exif": exif}), ("tiff", {"tiffinfo": {274: orientation}})):
        data = encode(Image.fromarray(stored), kind, **settings)
        turned = decode(io.BytesIO(data), "mine")
        np.testing.assert_array_equal(turned, TURNS[orientation](stored))


@pytest.mark.parametrize("kind", ["tiff", "gif"])
def test_the_first_page_or_frame_is_read_and_the_log_says_so(kind, caplog):
    first, second = (Image.new("L", (2, 1), grey) for grey in (40, 200))
    data = encode(first, kind, save_all=True, append_images=[second])
    with caplog.at_level(logging.INFO, "atelier"):
        np.testing.assert_array_equal(decoded(data), [[40, 40]])
    assert "mine.png: the first of 2 pages or frames" in caplog.text


def test_nan_and_infinity_are_counted_by_the_message():
    values = np.zeros((3, 4), np.float32)
    values[0, :2], values[2, 1] = np.nan, np.inf
    data = encode(Image.fromarray(values), "tiff")
    with pytest.raises(ValueError, match=r"mine\.png: .* 2 NaN and 1 infinite among 12"):
        decoded(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><title>404</title>", "begins with b'<!DOCTYPE ht"),
        (encode(Image.effect_noise((64, 64), 90), "png")[:-900], "truncated"),
        (encode(Image.effect_noise((64, 64), 90), "jpeg")[:-900], "truncated"),
        (encode(Image.new("L", (4, 4)), "png").replace(b"IDAT", b"IDAX"), "Received: "),
        (encode(pixels("I", [0, 2**24 + 1]), "tiff"), "16,777,216.*0 to 16,777,217"),
    ],
)
def test_a_file_that_is_no_whole_picture_is_refused_by_its_name(data, words):
    with pytest.raises(ValueError, match=rf"(?s)^mine\.png: Expected .*{words}"):
        decoded(data)


def test_a_misnamed_picture_is_read_by_its_content(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(encode(Image.new("RGB", (8, 8), (10, 20, 30)), "webp", lossless=True))
    np.testing.assert_array_equal(decode_picture(path, str(path))[0, 0], (10, 20, 30))


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(monkeypatch):
    data = encode(Image.new("L", (100, 100)), "png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4_000)
    with pytest.raises(ValueError, match=r"mine\.png: Expected fewer pixels.*10000 pixels"):
        decoded(data)


@pytest.mark.parametrize("kind", ["png", "jpeg", "tiff", "gif", "bmp", "webp", "ppm"])
@pytest.mark.filterwarnings("ignore")  # Pillow's, before it gives up
def test_damage_of_any_kind_is_a_picture_or_a_refusal(kind, rng):
    sound = encode(Image.effect_noise((16, 12), 60).convert("RGB"), kind)
    for _ in range(60):
        damaged = np.frombuffer(sound, np.uint8).copy()
        damaged[rng.integers(len(damaged), size=3)] = rng.integers(256, size=3)
        try:
            assert decoded(damaged[: rng.integers(len(damaged)) + 1].tobytes()).size
        except ValueError as error:
            assert str(error).startswith("mine.png: Expected")


LABELS = {
    "1": (pixels("1", [0, 255]), [[0, 1]]),
    "L": (pixels("L", [0, 7, 255]), [[0, 7, 255]]),
    "LA": (pixels("LA", [(0, 0), (7, 255)]), [[0, 7]]),
    "P": (palette((9, 9, 9), RED, BLUE), [[0, 1, 2]]),
    "RGB": (pixels("RGB", [(0, 0, 0), (7, 7, 7)]), [[0, 7]]),
    "RGBA": (pixels("RGBA", [(0, 0, 0, 0), (7, 7, 7, 255)]), [[0, 7]]),
    "I;16": (pixels("I;16", [0, 300, 65535]), [[0, 300, 65535]]),
    "I": (pixels("I", [0, 70000]), [[0, 70000]]),
}


@pytest.mark.parametrize("mode", LABELS)
def test_a_label_map_keeps_its_stored_numbers(mode):
    picture, expected = LABELS[mode]
    data = encode(picture, "tiff" if mode == "I" else "png")
    labels = decode_labels(io.BytesIO(data), "labels")
    assert labels.dtype.kind in "bui" or labels.dtype == np.int32
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK"])
def test_colours_are_no_label_map(mode):
    data = encode(Image.new("RGB", (2, 2), RED).convert(mode), "tiff")
    with pytest.raises(ValueError, match="labels: Expected a label map"):
        decode_labels(io.BytesIO(data), "labels")


@pytest.mark.parametrize(
    "picture",
    [
        pixels("1", [255, 0]),
        pixels("L", [255, 0]),
        pixels("LA", [(255, 255), (0, 0)]),
        palette(WHITE, (0, 0, 0)),  # white is entry 0
        pixels("RGB", [RED, (0, 0, 0)]),
        pixels("RGBA", [(255, 255, 255, 255), (0, 0, 0, 0)]),
        pixels("I;16", [65535, 0]),
    ],
)
def test_a_mask_is_read_by_its_brightness(picture):
    mask = decode_mask(io.BytesIO(encode(picture, "png")), "mask")
    assert (mask > 0).tolist() == [[True, False]]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([True, False], np.uint8, [255, 0]),
        (np.array([3, 200], np.uint8), np.uint8, [3, 200]),
        (np.array([3, 200], np.int64), np.uint16, [3, 200]),
        (np.array([-1, 1], np.int8), np.float32, [-1, 1]),
        (np.array([0.5, 2.0]), np.float32, [0.5, 2.0]),
    ],
)
def test_pixels_of_a_stack_are_brought_to_the_same_three_types(values, kind, expected):
    stored = to_storage_type(np.asarray(values), "stack")
    assert stored.dtype == kind
    np.testing.assert_array_equal(stored, expected)


@pytest.mark.parametrize("values", [np.array([1e300]), np.array([1j]), np.array([2**40])])
def test_pixels_that_no_type_holds_are_refused(values):
    with pytest.raises(ValueError, match="stack: Expected"):
        to_storage_type(values, "stack")


def test_a_stack_that_is_none_is_refused_by_its_name(tmp_path):
    path = tmp_path / "train-volume.tif"
    with pytest.raises(FileNotFoundError, match=r"train-volume\.tif.*no such file"):
        decode_volume(path)
    path.write_bytes(b"none")
    with pytest.raises(ValueError, match=r"train-volume\.tif: Expected a whole TIFF stack"):
        decode_volume(path)

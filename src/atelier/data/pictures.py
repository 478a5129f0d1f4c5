"""Pictures: those that come with the dependencies, and anybody's own."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import sparse

from atelier.data.decoding import decode_picture
from atelier.types import Array


def _scikit_image(name: str) -> Callable[[], Array]:
    def load() -> Array:
        from skimage import data

        return np.asarray(getattr(data, name)())

    return load


def _scikit_learn(name: str) -> Callable[[], Array]:
    def load() -> Array:
        from sklearn.datasets import load_sample_image

        return np.asarray(load_sample_image(name))

    return load


EMBEDDED: dict[str, Callable[[], Array]] = {
    **{
        name: _scikit_image(name)
        for name in (
            "camera",
            "coins",
            "page",
            "astronaut",
            "coffee",
            "chelsea",
            "rocket",
            "retina",
            "immunohistochemistry",
            "hubble_deep_field",
        )
    },
    **{name: _scikit_learn(f"{name}.jpg") for name in ("china", "flower")},
}
"""Pictures that need no network, by name."""

_COMMONS = "https://commons.wikimedia.org/wiki/Special:FilePath/"
PAINTINGS = {
    "the_scream": _COMMONS
    + "Edvard_Munch,_1893,_The_Scream,_oil,_tempera_and_pastel_on_cardboard,_91_x_73_cm,"
    "_National_Gallery_of_Norway.jpg?width=1024",
    "klimt": _COMMONS + "Gustav_Klimt_046.jpg?width=1024",
    "starry_night": _COMMONS + "Van_Gogh_-_Starry_Night_-_Google_Art_Project.jpg?width=1024",
}
"""Where the post's three painters' works are, in the public domain, by the mirror's file names."""
REDUCED = 3
"""Times the side asked for, to which :func:`resize_to` averages a much larger side first."""


def read_picture(source: str) -> Array:
    """Reads a picture as grey or RGB, upright; :func:`atelier.data.decoding.decode_picture` has the
    rules.

    Args:
        source: The name of an embedded picture, or the path of a file.

    Returns:
        (height, width) or (height, width, 3); uint8, uint16 or float32.

    Raises:
        FileNotFoundError: Neither a name nor a file.
        ValueError: The file is no whole picture of finite values.
    """
    if source in EMBEDDED:
        return EMBEDDED[source]()
    path = Path(source).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a file, or one of {', '.join(EMBEDDED)}. Received: {source}"
        )
    return decode_picture(path, str(path))


def to_rgb(picture: Array) -> Array:
    """Any picture as colours of 0 … 255, (height, width, 3) float32; alpha stands on white.

    Args:
        picture: (height, width) or (height, width, channels): grey, grey and alpha, RGB or RGBA, of
            8 or 16 bit, Boolean, or float in [0, 1].

    Raises:
        ValueError: No such picture.
    """
    picture = np.asarray(picture)
    picture = picture[..., None] if picture.ndim == 2 else picture
    if picture.ndim != 3 or picture.shape[2] not in {1, 2, 3, 4} or 0 in picture.shape:
        raise ValueError(
            "Expected a picture of (height, width) or (height, width, 1 to 4). "
            f"Received: {picture.shape}"
        )
    if picture.dtype == np.uint8 and picture.shape[2] in {1, 3}:
        return np.broadcast_to(picture, (*picture.shape[:2], 3)).astype(np.float32)
    unit = picture / _white(picture)
    if unit.shape[2] in {2, 4}:
        alpha = unit[..., -1:]
        unit = alpha * unit[..., :-1] + (1 - alpha)
    return np.asarray(255 * np.broadcast_to(unit, (*unit.shape[:2], 3)), np.float32)


def _white(picture: Array) -> float:
    if picture.dtype in (np.uint8, np.uint16):
        return float(np.iinfo(picture.dtype).max)
    if picture.dtype == bool or (
        picture.dtype.kind == "f" and 0 <= picture.min() <= picture.max() <= 1
    ):
        return 1.0
    raise ValueError(
        "Expected 8 or 16 bit without sign, Booleans, or floats in [0, 1]. Received: "
        f"{picture.dtype} from {picture.min()} to {picture.max()}; rescale the picture"
    )


def longer_side_shape(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Height and width with the longer side made ``side`` pixels, the aspect kept.

    Args:
        shape: Height and width, and whatever follows.
        side: Pixels; the shorter side has at least 16.
    """
    height, width = (max(16, round(x * side / max(shape[:2]))) for x in shape[:2])
    return height, width


def resize_longer_side(picture: Array, side: int) -> Array:
    """The picture with its longer side made ``side`` pixels, the aspect kept, float32.

    Args:
        picture: (height, width, channels), float.
        side: Pixels; the shorter side has at least 16.
    """
    return resize_to(picture, longer_side_shape(picture.shape, side))


def resize_to(picture: Array, shape: tuple[int, ...]) -> Array:
    """The picture at another (height, width), blurred first where it shrinks; float32.

    A side that shrinks more than 2 · `REDUCED` times is averaged over areas first, down to
    `REDUCED` times the side asked for. The blur that follows is narrower by the variance that the
    averaging has added, so that the result is nearly that of the blur alone: a large picture would
    take minutes.

    Args:
        picture: (height, width, channels), float.
        shape: Height and width.
    """
    from skimage.transform import resize

    sides = list(zip(picture.shape[:2], shape[:2], strict=True))
    rows, columns = (REDUCED * new if old >= 2 * REDUCED * new else old for old, new in sides)
    blurs = [_blur(*side, kept) for side, kept in zip(sides, (rows, columns), strict=True)]
    resized = resize(
        average_areas(picture, (rows, columns)),
        shape,
        order=3,
        mode="reflect",
        anti_aliasing=True,
        anti_aliasing_sigma=[*blurs, *[0.0] * (picture.ndim - 2)],
        preserve_range=True,
    )
    return np.asarray(resized, np.float32)


def average_areas(picture: Array, shape: tuple[int, int]) -> Array:
    """The picture at a lesser (height, width), each pixel the mean over its area; float32.

    Args:
        picture: (height, width) or (height, width, channels).
        shape: Height and width, at most the picture's.
    """
    for axis, size in enumerate(shape):
        if size < picture.shape[axis]:
            moved = np.moveaxis(picture, axis, 0)
            flat = np.ascontiguousarray(moved.reshape(len(moved), -1), np.float32)
            averaged = _area_weights(len(moved), size) @ flat
            picture = np.moveaxis(averaged.reshape(size, *moved.shape[1:]), 0, axis)
    return picture


def _area_weights(size: int, reduced: int) -> sparse.csr_array:
    """Each pixel's share in every area, (reduced, size)."""
    edges = np.linspace(0, size, reduced + 1)
    pixels = np.arange(size)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return sparse.csr_array(np.clip(covered, 0, None) * reduced / size, dtype=np.float32)


def _blur(old: int, new: int, averaged: int) -> float:
    """Deviation of the Gaussian that averaging leaves to do, in pixels of the averaged side.

    scikit-image blurs by (f - 1) / 2 pixels where a side shrinks f times; the mean over a pixels
    has the variance (a² - 1) / 12 already.
    """
    whole = max(0.0, (old / new - 1) / 2)
    if averaged == old:
        return whole
    area = old / averaged
    return math.sqrt(whole**2 - (area**2 - 1) / 12) / area

"""Pictures that the dependencies contain, and picture files; their conversion and size."""

import math
from collections.abc import Iterable
from pathlib import Path

import lazy_loader
import numpy as np
from scipy import sparse

from atelier.data.decoding import decode_mask, decode_picture, list_pages
from atelier.types import Array

skimage = lazy_loader.load("skimage")
sklearn = lazy_loader.load("sklearn")


_SCIKIT_IMAGE = (
    "camera", "coins", "page", "astronaut", "coffee", "chelsea", "rocket", "retina",
    "immunohistochemistry", "hubble_deep_field",
)  # fmt: skip
_SCIKIT_LEARN = ("china", "flower")
EMBEDDED = (*_SCIKIT_IMAGE, *_SCIKIT_LEARN)
"""Names of the pictures that come with the dependencies."""

_COMMONS = "https://commons.wikimedia.org/wiki/Special:FilePath/"
PAINTINGS = {
    "the_scream": _COMMONS
    + "Edvard_Munch,_1893,_The_Scream,_oil,_tempera_and_pastel_on_cardboard,_91_x_73_cm,"
    "_National_Gallery_of_Norway.jpg?width=1024",
    "klimt": _COMMONS + "Gustav_Klimt_046.jpg?width=1024",
    "starry_night": _COMMONS + "Van_Gogh_-_Starry_Night_-_Google_Art_Project.jpg?width=1024",
}
"""Addresses of paintings in the public domain, by the name of their file in a mirror.

They are those of the post "Image style transfer using convolutional neural networks" of Lipman's
Artificial Intelligence Directory.
"""
OVERSAMPLING = 3
"""Ratio to the requested side at which :func:`resize_to` starts to blur a much larger picture."""


def read_picture(source: str) -> Array:
    """Reads a picture as grey or RGB, upright.

    :func:`atelier.data.decoding.decode_picture` has the rules for each mode of a file.

    Args:
        source: The name of an embedded picture, or the path of a file.

    Returns:
        (height, width) or (height, width, 3); uint8, uint16 or float32.

    Raises:
        FileNotFoundError: If there is neither an embedded picture nor a file of that name.
        ValueError: If the file is not a complete picture of finite values.
    """
    if source in _SCIKIT_LEARN:
        return np.asarray(sklearn.datasets.load_sample_image(f"{source}.jpg"))
    if source in _SCIKIT_IMAGE:
        return np.asarray(getattr(skimage.data, source)())
    path = Path(source).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a file, or one of {', '.join(EMBEDDED)}. Received: {source}"
        )
    return decode_picture(path, str(path))


def read_pages(source: str) -> list[Array]:
    """Reads every page or frame of a picture, each as :func:`read_picture` reads the first.

    Args:
        source: As :func:`read_picture` takes it.
    """
    path = Path(source).expanduser()
    if source in EMBEDDED or not path.is_file():
        return [read_picture(source)]
    return [decode_picture(path, str(path), page) for page in list_pages(path, str(path))]


def mask_pages(pages: Iterable[Array], mask: str) -> list[Array]:
    """Masks the pixels of pages where another picture is 0.

    Args:
        pages: (height, width) or (height, width, channels) each.
        mask: Path of the picture, of the pages' height and width.

    Returns:
        The pages as masked arrays.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the sizes differ, or if the mask is 0 everywhere.
    """
    path = Path(mask).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"Expected the file of a mask. Received: {mask}")
    excluded = decode_mask(path, mask) == 0
    if excluded.all():
        raise ValueError(f"{mask}: Expected a pixel above 0. Received: 0 everywhere")
    masked: list[Array] = []
    for page in pages:
        if page.shape[:2] != excluded.shape:
            raise ValueError(
                f"{mask}: Expected a mask of {page.shape[0]} x {page.shape[1]} pixels, as the "
                f"picture. Received: {excluded.shape[0]} x {excluded.shape[1]}"
            )
        where = excluded if page.ndim == 2 else excluded[..., None]
        masked.append(np.ma.MaskedArray(page, np.broadcast_to(where, page.shape)))
    return masked


def to_rgb(picture: Array) -> Array:
    """Converts a picture to RGB in 0 … 255, (height, width, 3) float32, with alpha on white.

    Args:
        picture: (height, width) or (height, width, channels): grey, grey and alpha, RGB or RGBA, of
            8 or 16 bit, Boolean, or float in [0, 1].

    Raises:
        ValueError: If the picture has another shape, type or range.

    Examples:
        >>> import numpy as np
        >>> from atelier.data import to_rgb
        >>> to_rgb(np.array([[0.0, 0.2]])).tolist()
        [[[0.0, 0.0, 0.0], [51.0, 51.0, 51.0]]]
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
    """Returns the height and width of a picture scaled to a longer side.

    Args:
        shape: Height and width; further axes are ignored.
        side: Pixels; the shorter side has at least 16.

    Examples:
        >>> from atelier.data import longer_side_shape
        >>> longer_side_shape((100, 50, 3), 64)
        (64, 32)
    """
    height, width = (max(16, round(x * side / max(shape[:2]))) for x in shape[:2])
    return height, width


def resize_longer_side(picture: Array, side: int) -> Array:
    """Scales a picture to a longer side of ``side`` pixels, with the same aspect; float32.

    Args:
        picture: (height, width, channels), float.
        side: Pixels; the shorter side has at least 16.
    """
    return resize_to(picture, longer_side_shape(picture.shape, side))


def resize_to(picture: Array, shape: tuple[int, ...]) -> Array:
    """Resizes a picture to another height and width, with anti-aliasing; float32.

    A side that shrinks more than 2 · `OVERSAMPLING` times is first averaged over areas, down to
    `OVERSAMPLING` times the requested side: the blur alone would take minutes on a large picture.
    The blur that follows is narrower by the variance of the averaging, so that the result is nearly
    that of the blur alone.

    Args:
        picture: (height, width, channels), float.
        shape: Height and width.
    """
    sides = list(zip(picture.shape[:2], shape[:2], strict=True))
    rows, columns = (
        OVERSAMPLING * new if old >= 2 * OVERSAMPLING * new else old for old, new in sides
    )
    blurs = [_blur(*side, mid) for side, mid in zip(sides, (rows, columns), strict=True)]
    resized = skimage.transform.resize(
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
    """Reduces a picture to a smaller height and width by the mean over areas; float32.

    Args:
        picture: (height, width) or (height, width, channels).
        shape: Height and width, at most the picture's.

    Examples:
        >>> import numpy as np
        >>> from atelier.data import average_areas
        >>> average_areas(np.array([[0.0, 2.0, 4.0, 6.0]]), (1, 2)).tolist()
        [[1.0, 5.0]]
    """
    for axis, size in enumerate(shape):
        if size < picture.shape[axis]:
            moved = np.moveaxis(picture, axis, 0)
            flat = np.ascontiguousarray(moved.reshape(len(moved), -1), np.float32)
            averaged = _area_weights(len(moved), size) @ flat
            picture = np.moveaxis(averaged.reshape(size, *moved.shape[1:]), 0, axis)
    return picture


def _area_weights(size: int, reduced: int) -> sparse.csr_array:
    """Returns each pixel's share of every area, (reduced, size)."""
    edges = np.linspace(0, size, reduced + 1)
    pixels = np.arange(size)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return sparse.csr_array(np.clip(covered, 0, None) * reduced / size, dtype=np.float32)


def _blur(old: int, new: int, averaged: int) -> float:
    """Returns the standard deviation of the blur after averaging, in pixels of the averaged side.

    scikit-image blurs by (f - 1) / 2 pixels if a side shrinks f times; the mean over a pixels
    already has the variance (a² - 1) / 12.
    """
    whole = max(0.0, (old / new - 1) / 2)
    if averaged == old:
        return whole
    area = old / averaged
    return math.sqrt(whole**2 - (area**2 - 1) / 12) / area

"""Pictures: those that come with the dependencies, and anybody's own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

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

_PLAIN = {"P": "RGBA", "PA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB", "LAB": "RGB", "HSV": "RGB"}
"""Modes of a file that are no channels as we know them, and what they become."""
_COMMONS = "https://commons.wikimedia.org/wiki/Special:FilePath/"
PAINTINGS = {
    "the_scream": _COMMONS
    + "Edvard_Munch,_1893,_The_Scream,_oil,_tempera_and_pastel_on_cardboard,_91_x_73_cm,"
    "_National_Gallery_of_Norway.jpg?width=1024",
    "klimt": _COMMONS + "Gustav_Klimt_046.jpg?width=1024",
    "starry_night": _COMMONS + "Van_Gogh_-_Starry_Night_-_Google_Art_Project.jpg?width=1024",
}
"""Where the post's three painters' works are, in the public domain, by the mirror's file names."""


def read_picture(source: str) -> Array:
    """A picture as it was stored, (height, width) or (height, width, channels), upright.

    Args:
        source: The name of an embedded picture, or the path of a file; its EXIF orientation is
            carried out, a palette is looked up.

    Raises:
        FileNotFoundError: Neither.
        ValueError: The file is no whole picture.
    """
    if source in EMBEDDED:
        return EMBEDDED[source]()
    path = Path(source).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a file, or one of {', '.join(EMBEDDED)}. Received: {source}"
        )
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened)
            return np.asarray(picture.convert(_PLAIN.get(picture.mode, picture.mode)))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"{path}: Expected a whole picture. Received: {error}") from error


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
        f"{picture.dtype} from {picture.min()} to {picture.max()}"
    )


def fit_side(picture: Array, side: int) -> Array:
    """The picture with its longer side made ``side`` pixels, the aspect kept, float32.

    Args:
        picture: (height, width, channels), float.
        side: Pixels; the shorter side has at least 16.
    """
    longer = max(picture.shape[:2])
    return resize_to(picture, tuple(max(16, round(x * side / longer)) for x in picture.shape[:2]))


def resize_to(picture: Array, shape: tuple[int, ...]) -> Array:
    """The picture at another (height, width), blurred first where it shrinks; float32."""
    from skimage.transform import resize

    return np.asarray(
        resize(picture, shape, order=3, mode="reflect", anti_aliasing=True, preserve_range=True),
        np.float32,
    )

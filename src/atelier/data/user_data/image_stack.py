"""Pictures of any size, depth and colour become one array of one shape, in a stream."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageColor, ImageOps

from atelier.data.decoding import decode_picture, merge_equal_channels
from atelier.data.user_data.params import PictureParams
from atelier.data.user_data.records import Content
from atelier.types import Array, Images

WHITE = 65_535
"""White in a picture of 16 bits."""


class ImageStack:
    """Collects pictures in one array, (n, height, width, channels) uint8.

    The array is made at the first picture and has one channel until the first picture in colour,
    so that nothing but the result is held in memory.

    Args:
        count: Number of pictures.
        params: Side, rule of resizing, channels and background.
    """

    def __init__(self, count: int, params: PictureParams) -> None:
        self._count, self._params = count, params
        self._images: Images | None = None
        self._first = ""
        self.errors: dict[int, str] = {}
        """Why a picture is missing, by its row."""

    def put(self, row: int, content: Content, name: str) -> None:
        """Decodes a picture and puts it into its row; notes its error where it is damaged.

        Args:
            row: Position in the array.
            content: A file's bytes, pixels, or an error.
            name: The picture's name for messages.

        Raises:
            ValueError: If its size differs from that of the first one, where none is resized.
        """
        try:
            picture = decode_content(content, name, self._params.background)
        except ValueError as error:
            self.errors[row] = str(error).removeprefix(f"{name}: ")
            return
        self._store(row, fit_picture(picture, self._params), name)

    def _store(self, row: int, picture: Images, name: str) -> None:
        if self._images is None:
            self._first = name
            channels = self._params.channels or 1
            self._images = np.zeros((self._count, *picture.shape[:2], channels), np.uint8)
        if picture.shape[:2] != self._images.shape[1:3]:
            (height, width), (rows, columns) = self._images.shape[1:3], picture.shape[:2]
            raise ValueError(
                f"{name}: Expected {height}×{width} pixels as {self._first} has, or --params "
                f"side=N, which resizes every image to N×N. Received: {rows}×{columns}"
            )
        coloured = picture.ndim == 3
        if coloured and self._images.shape[3] == 1:
            self._images = np.repeat(self._images, 3, axis=3)
        self._images[row] = picture if coloured else picture[..., None]

    def finish(self) -> tuple[Images, Array]:
        """Returns the images that could be read, and their rows."""
        rows = np.setdiff1d(np.arange(self._count), np.fromiter(self.errors, np.int64))
        if self._images is None:
            return np.zeros((0, 1, 1, 1), np.uint8), rows
        return self._images if not self.errors else self._images[rows], rows


def decode_content(content: Content, name: str, background: str) -> Images:
    """Returns a picture as it is stored, in its own size.

    Args:
        content: A file's bytes, pixels, or an error.
        name: The picture's name for messages.
        background: Colour behind transparent pixels.

    Returns:
        (height, width) of a grey picture, (height, width, 3) of one in colour, uint8.

    Raises:
        ValueError: If the picture is damaged, or its numbers are out of range.
    """
    if isinstance(content, ValueError):
        raise content
    if isinstance(content, bytes):
        return to_stored(decode_picture(io.BytesIO(content), name, background=background), name)
    return to_stored(opaque(content, background), name)


def to_stored(picture: Array, name: str) -> Images:
    """Returns a picture in 8 bits: of 16 bits 65,535 is white, of floats and Booleans 1.

    Args:
        picture: (height, width) or (height, width, 3).
        name: The picture's name for messages.

    Raises:
        ValueError: If numbers are out of range.

    Examples:
        >>> to_stored(np.array([[0, 257, 65_535]], np.uint16), "a.png")
        array([[  0,   1, 255]], dtype=uint8)
    """
    if picture.dtype == np.uint8:
        return picture
    if picture.dtype == bool:
        return np.asarray(picture * np.uint8(255))
    if picture.dtype == np.uint16:
        return np.asarray(np.rint(picture * (255 / WHITE)), np.uint8)
    low, high = picture.min(), picture.max()
    if picture.dtype.kind in "iu" and low >= 0 and high <= 255:
        return picture.astype(np.uint8)
    if picture.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.asarray(np.rint(picture * 255), np.uint8)
    raise ValueError(
        f"{name}: Expected whole numbers in 0 … 255, 16 bits, or floats in [0, 1]. "
        f"Received: {picture.dtype} from {low} to {high}; rescale the images"
    )


def opaque(pixels: Array, background: str) -> Array:
    """Returns (height, width[, channels]) pixels as grey or RGB, with alpha on the background.

    Raises:
        ValueError: If there are other axes, or other numbers of channels than 1 to 4.
    """
    if pixels.ndim == 2:
        return pixels
    if pixels.ndim != 3 or pixels.shape[2] not in {1, 2, 3, 4}:
        raise ValueError(
            "Expected images of (height, width) or (height, width, 1 to 4 channels), channels "
            f"last. Received: {pixels.shape}"
        )
    if pixels.shape[2] in {1, 3}:
        return pixels[..., 0] if pixels.shape[2] == 1 else pixels
    stored = to_stored(pixels, "images")
    behind = Image.new("RGBA", stored.shape[1::-1], background)
    straight = Image.fromarray(stored).convert("RGBA")
    return merge_equal_channels(np.asarray(Image.alpha_composite(behind, straight))[..., :3])


def fit_picture(picture: Images, params: PictureParams) -> Images:
    """Returns a picture with the channels and the side that are asked for.

    Args:
        picture: (height, width) or (height, width, 3) uint8.
        params: Side, rule of resizing, channels and background.

    Returns:
        (height, width) of a grey picture, (height, width, 3) of one in colour, uint8.
    """
    picture = merge_equal_channels(picture) if params.channels is None else picture
    has_size = params.side is None or picture.shape[:2] == (params.side, params.side)
    if has_size and (params.channels != 1 or picture.ndim == 2):
        return picture
    image = Image.fromarray(picture)
    if params.channels == 1 and image.mode != "L":
        image = image.convert("L")
    if params.side is not None and not has_size:
        image = resize(image, params.side, params.resize, params.background)
    return np.asarray(image)


def resize(image: Image.Image, side: int, rule: str, background: str) -> Image.Image:
    """Returns an image of ``side`` × ``side`` pixels, by Pillow's bicubic filter with antialiasing.

    Args:
        image: Grey or RGB.
        side: Pixels.
        rule: ``pad``, ``crop`` or ``stretch``.
        background: Colour of padded borders.

    Returns:
        An image of the same mode.
    """
    size, filtering = (side, side), Image.Resampling.BICUBIC
    if rule == "stretch":
        return image.resize(size, filtering)
    if rule == "crop":
        return ImageOps.fit(image, size, filtering)
    grey = ImageColor.getcolor(background, "L")
    colour = ImageColor.getrgb(background)[:3]
    if image.mode == "L" and len(set(colour)) > 1:
        image = image.convert("RGB")
    return ImageOps.pad(image, size, filtering, color=grey if image.mode == "L" else colour)

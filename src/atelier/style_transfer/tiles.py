"""Tiles of an image that is too large for the memory, each with the surroundings it depends on."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from atelier.data.vgg_weights import WIDTHS
from atelier.style_transfer.vgg import POOLING_BEFORE

WHOLE_PIXELS = 1024 * 768
"""Pixels up to which ``auto`` takes an image as a whole."""
AUTO_SIDE = 512
"""Longest side of the tiles of ``auto``, pixels."""


class Reach(NamedTuple):
    """How far the maps of a network reach into the image."""

    scales: tuple[int, ...]
    """Pixels between two positions of each output, a power of 2."""
    halo: int
    """Pixels around a tile on which its maps depend, a multiple of the largest scale."""


class Tile(NamedTuple):
    """A rectangle of an image, and the crop that contains it and its halo."""

    rows: slice
    """Rows of the crop in the image."""
    columns: slice
    """Columns of the crop in the image."""
    inner: tuple[int, int, int, int]
    """The tile within the crop: top, bottom, left and right, pixels."""


def network_reach(outputs: Sequence[str]) -> Reach:
    """Returns how far the outputs of VGG16's layers reach, up to the deepest of them.

    A crop's maps are wrong near the cuts: a convolution spreads the error by a position, a pooling
    halves its number of positions, rounded up.

    Args:
        outputs: Names of layers.

    Examples:
        >>> network_reach(["conv1_1", "conv5_1"])
        Reach(scales=(1, 16), halo=64)
    """
    scale, wrong, halo = 1, 0, 0
    scales = {}
    for name in WIDTHS:
        if name in POOLING_BEFORE:
            scale, wrong = 2 * scale, -(-wrong // 2)
        wrong += 1
        scales[name] = scale
        halo = max(halo, wrong * scale)
        if scales.keys() >= set(outputs):
            break
    return Reach(tuple(scales[name] for name in outputs), -(-halo // scale) * scale)


def tile_side(tile: int | Literal["auto"], pixels: int) -> int:
    """Returns the longest side of a tile for an image of so many pixels; 0 is the whole image."""
    if tile == "auto":
        return AUTO_SIDE if pixels > WHOLE_PIXELS else 0
    return tile


def split_into_tiles(height: int, width: int, *, side: int, reach: Reach) -> list[Tile]:
    """Splits an image into tiles of nearly equal sides, which begin where a pooling window does.

    Args:
        height: Of the image, pixels.
        width: Of the image, pixels.
        side: Longest side of a tile, rounded up to a multiple of the largest scale; 0 is a single
            tile, the whole image.
        reach: Of the network.

    Returns:
        Tiles that cover the image without overlap; their crops overlap.

    Examples:
        >>> reach = network_reach(["conv2_1"])
        >>> reach.halo
        4
        >>> [tile.columns for tile in split_into_tiles(10, 25, side=10, reach=reach)]
        [slice(0, 14, None), slice(6, 24, None), slice(16, 25, None)]
    """
    rows, columns = (_split_axis(length, side, reach) for length in (height, width))
    return [
        Tile(slice(*crop_rows), slice(*crop_columns), (*inner_rows, *inner_columns))
        for crop_rows, inner_rows in rows
        for crop_columns, inner_columns in columns
    ]


def _split_axis(
    length: int, side: int, reach: Reach
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Returns the crop of each tile along an axis, and the tile within it."""
    step = max(reach.scales)
    parts = -(-length // side) if side else 1
    size = -(-length // parts // step) * step
    bounds = []
    for start in range(0, length, size):
        end = min(start + size, length)
        first, last = max(start - reach.halo, 0), min(end + reach.halo, length)
        bounds.append(((first, last), (start - first, end - first)))
    return bounds


def inner_maps(maps: Any, inner: Any, scale: int) -> Any:
    """Returns the part of a crop's maps that belongs to its tile.

    Args:
        maps: Maps of the crop, (height, width, channels).
        inner: Top, bottom, left and right of the tile within the crop, pixels.
        scale: Pixels between two positions of the maps.

    Returns:
        (height / scale of the tile, width / scale, channels).
    """
    top, bottom, left, right = (inner[index] // scale for index in range(4))
    return maps[top:bottom, left:right]

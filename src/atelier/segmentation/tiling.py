"""Prediction of images of any size by overlapping tiles (Ronneberger et al. 2015, fig. 2)."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from atelier.types import Array

Predict = Callable[[Array], Array]
"""Takes tiles with their margin, (n, side + 2 margin, …, channels); returns (n, side, …, k)."""


class Tiling(NamedTuple):
    """Size of the tiles that an image is cut into, in pixels.

    For a network that pools, height and width must be multiples of its stride: every tile then
    meets the poolings in the same phase, so that tiles give what the whole image would give.
    """

    height: int
    """Of a tile's output."""
    width: int
    """Of a tile's output."""
    margin: int
    """Pixels that the input has beyond the output at each edge."""


def mirror_pad(image: Array, before: int, after: tuple[int, int]) -> Array:
    """Continues an image by its mirror image at every edge.

    The edge pixel itself is not repeated, and an image shorter than the margin is mirrored
    repeatedly. A side of a single pixel is repeated.

    Args:
        image: (height, width, channels).
        before: Pixels to add above and to the left.
        after: Pixels to add below, and to the right.

    Returns:
        (before + height + after[0], before + width + after[1], channels).

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation.tiling import mirror_pad
        >>> mirror_pad(np.arange(3)[None, :, None], 1, (0, 2))[0, :, 0]
        array([1, 0, 1, 2, 1, 0])
    """
    for axis, end in enumerate(after):
        pad = [(0, 0)] * image.ndim
        pad[axis] = (before, end)
        image = np.pad(image, pad, mode="reflect" if image.shape[axis] > 1 else "edge")
    return image


def predict_tiled(predict: Predict, image: Array, tiling: Tiling, *, batch: int = 4) -> Array:
    """Predicts a whole image tile by tile.

    Args:
        predict: Takes tiles with their margin, returns the values of their middle.
        image: (height, width, channels), of any size.
        tiling: Size of the tiles.
        batch: Tiles that are predicted at once.

    Returns:
        (height, width, k), k being the channels that ``predict`` returns.

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import Tiling, predict_tiled
        >>> image = np.arange(35.0).reshape(5, 7, 1)
        >>> middle = lambda tiles: tiles[:, 1:-1, 1:-1]
        >>> bool((predict_tiled(middle, image, Tiling(2, 3, 1)) == image).all())
        True
    """
    tile_height, tile_width, margin = tiling
    height, width = image.shape[:2]
    rows, columns = -(-height // tile_height), -(-width // tile_width)
    after = (rows * tile_height - height + margin, columns * tile_width - width + margin)
    padded = mirror_pad(image, margin, after)
    corners = [
        (row * tile_height, column * tile_width) for row in range(rows) for column in range(columns)
    ]
    whole = np.empty((0, 0, 0))
    for start in range(0, len(corners), batch):
        chunk = corners[start : start + batch]
        tiles = [
            padded[y : y + tile_height + 2 * margin, x : x + tile_width + 2 * margin]
            for y, x in chunk
        ]
        outputs = np.asarray(predict(np.stack(tiles)))
        if start == 0:
            whole = np.empty((height, width, outputs.shape[-1]), outputs.dtype)
        for (y, x), output in zip(chunk, outputs, strict=True):
            inside = whole[y : y + tile_height, x : x + tile_width]
            inside[:] = output[: inside.shape[0], : inside.shape[1]]
    return whole


def square_symmetries(image: Array, turns: int) -> Iterator[tuple[Array, Callable[[Array], Array]]]:
    """Yields an image under the first symmetries of the square, each with its inverse.

    The four rotations by right angles come first, then those of the mirror image; none of them
    interpolates.

    Args:
        image: (height, width, channels).
        turns: How many symmetries, 1 … 8.
    """
    for turn in range(turns):
        flipped = image[:, ::-1] if turn >= 4 else image

        def invert(values: Array, turn: int = turn) -> Array:
            upright = np.rot90(values, -(turn % 4))
            return upright[:, ::-1] if turn >= 4 else upright

        yield np.rot90(flipped, turn % 4), invert


def average_over_symmetries(predict: Callable[[Array], Array], image: Array, turns: int) -> Array:
    """Averages predictions of an image over symmetries of the square.

    Ronneberger et al. (2015) average over 7 rotations.

    Args:
        predict: Takes (height, width, channels), returns (height, width, k).
        image: (height, width, channels).
        turns: How many symmetries, 1 … 8.

    Returns:
        Mean prediction, (height, width, k).

    Raises:
        ValueError: ``turns`` is not 1 … 8.

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import average_over_symmetries
        >>> image = np.arange(6.0).reshape(2, 3, 1)
        >>> bool((average_over_symmetries(lambda view: view, image, 8) == image).all())
        True
    """
    if not 1 <= turns <= 8:
        raise ValueError(f"Expected 1 to 8 turns. Received: turns={turns}")
    total = sum(invert(predict(view)) for view, invert in square_symmetries(image, turns))
    return np.asarray(total / turns)

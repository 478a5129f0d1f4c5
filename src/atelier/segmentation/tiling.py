"""Prediction of images of any size by overlapping tiles (Ronneberger et al. 2015, fig. 2)."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from atelier.types import Array

Predict = Callable[[Array], Array]
"""Padded tiles (n, side + 2 margin, …, channels) in, the middle's values (n, side, …, k) out."""


class Tiling(NamedTuple):
    """How an image is cut: what one tile gives, and what it sees beyond that at each edge.

    For a network that pools, height and width must be multiples of its stride, so that all tiles
    meet the poolings alike: then tiles and whole image give the same.
    """

    height: int
    width: int
    margin: int


def mirror_pad(image: Array, before: int, after: tuple[int, int]) -> Array:
    """The image, (height, width, channels), continued by its mirror image at every edge.

    The edge pixel itself is not repeated; a mirror image that is too short is mirrored again. A
    side of one pixel is repeated.
    """
    out = image
    for axis, end in enumerate(after):
        pad = [(0, 0)] * image.ndim
        pad[axis] = (before, end)
        out = np.pad(out, pad, mode="reflect" if out.shape[axis] > 1 else "edge")
    return out


def predict_tiled(predict: Predict, image: Array, tiling: Tiling, *, batch: int = 4) -> Array:
    """What ``predict`` says of the whole image, (height, width, k).

    Args:
        predict: Tiles in, values of their middle out.
        image: (height, width, channels), of any size.
        tiling: The cut.
        batch: Tiles at once.
    """
    side, across, margin = tiling
    height, width = image.shape[:2]
    rows, columns = -(-height // side), -(-width // across)
    beyond = (rows * side - height + margin, columns * across - width + margin)
    wide = mirror_pad(image, margin, beyond)
    corners = [(row * side, column * across) for row in range(rows) for column in range(columns)]
    pieces: list[Array] = []
    for start in range(0, len(corners), batch):
        some = corners[start : start + batch]
        seen = [wide[y : y + side + 2 * margin, x : x + across + 2 * margin] for y, x in some]
        pieces.extend(predict(np.stack(seen)))
    grid = np.stack(pieces).reshape(rows, columns, side, across, -1)
    whole = grid.swapaxes(1, 2).reshape(rows * side, columns * across, -1)
    return whole[:height, :width]


def square_symmetries(image: Array, turns: int) -> Iterator[tuple[Array, Callable[[Array], Array]]]:
    """The image in the first ``turns`` of the square's eight symmetries, each with its way back.

    Four rotations by right angles come first, then the same of the mirror image; none needs
    interpolation.
    """
    for turn in range(turns):
        flipped = image[:, ::-1] if turn >= 4 else image

        def back(values: Array, turn: int = turn) -> Array:
            upright = np.rot90(values, -(turn % 4))
            return upright[:, ::-1] if turn >= 4 else upright

        yield np.rot90(flipped, turn % 4), back


def average_over_symmetries(predict: Callable[[Array], Array], image: Array, turns: int) -> Array:
    """Mean of what ``predict`` says of an image, (height, width, channels), turned and back.

    The paper takes the mean over 7 rotations; here over up to 8 symmetries of the square.

    Raises:
        ValueError: ``turns`` is not 1 … 8.
    """
    if not 1 <= turns <= 8:
        raise ValueError(f"Expected 1 to 8 turns. Received: turns={turns}")
    total = sum(back(predict(view)) for view, back in square_symmetries(image, turns))
    return np.asarray(total / turns)

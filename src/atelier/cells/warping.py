"""The warping error: errors of topology, not of a border's position (Jain et al. 2010)."""

from functools import cache

import numpy as np
from scipy import ndimage

from atelier.cells.instance_labels import check_labels
from atelier.types import Array

FOUR = ndimage.generate_binary_structure(2, 1)
EIGHT = ndimage.generate_binary_structure(2, 2)
NEIGHBOURS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
"""Row and column offsets of a pixel's eight neighbours, by bit of their code."""
PHASES = [(0, 0), (0, 1), (1, 0), (1, 1)]
"""Offsets of the four subgrids in which no two pixels are neighbours."""


@cache
def _simple_codes() -> Array:
    """Returns whether a pixel is simple, (256,) bool, by the code of its eight neighbours.

    A simple pixel can change without a change of topology. Cells are 4-connected, background is
    8-connected: a pixel is simple where its neighbours hold exactly one part of each that touches
    it (Bertrand 1994).
    """
    table = np.zeros(256, bool)
    for code in range(256):
        ring = np.zeros((3, 3), bool)
        for bit, (y, x) in enumerate(NEIGHBOURS):
            ring[y + 1, x + 1] = code >> bit & 1
        table[code] = _count_parts(ring, FOUR) == 1 and _count_parts(~ring, EIGHT) == 1
    return table


def _count_parts(ring: Array, structure: Array) -> int:
    """Counts the connected parts of a ring of neighbours that touch its centre."""
    ring = ring.copy()
    ring[1, 1] = False
    parts, _ = ndimage.label(ring, structure)
    return len(np.setdiff1d(parts[structure], [0]))


def homotopic_warp(truth: Array, predicted: Array) -> Array:
    """Bends the truth towards a prediction as far as its topology allows.

    Simple pixels on which the two differ change sides until none is left; those that change at
    once are never neighbours. Beyond the image lies background.

    Args:
        truth: Labels or a mask, (height, width); above 0 is cell.
        predicted: Labels or a mask of the same shape.

    Returns:
        The bent truth, (height, width) bool.

    Raises:
        ValueError: Labels are no integers, negative or masked, or differ in shape.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells.warping import homotopic_warp
        >>> homotopic_warp(np.array([[1, 1, 0, 0]]), np.array([[0, 1, 1, 0]])).astype(int)
        array([[0, 1, 1, 0]])
    """
    truth, predicted = check_labels(truth), check_labels(predicted)
    if truth.shape != predicted.shape or truth.ndim != 2:
        raise ValueError(
            f"Expected two masks of one shape. Received: {truth.shape}, {predicted.shape}"
        )
    warped, goal = np.pad(truth > 0, 1), np.pad(predicted > 0, 1)
    changed = True
    while changed:
        before = warped.copy()
        for phase in PHASES:
            _flip_simple_pixels(warped, goal, phase)
        changed = not (before == warped).all()
    return warped[1:-1, 1:-1]


def _flip_simple_pixels(warped: Array, goal: Array, phase: tuple[int, int]) -> None:
    """Flips, in place, the simple pixels of one subgrid that differ from the goal."""
    row, column = phase
    subgrid = np.zeros_like(warped)
    subgrid[1 + row : -1 : 2, 1 + column : -1 : 2] = True
    rows, columns = np.nonzero(subgrid & (warped != goal))
    codes = sum(
        warped[rows + dy, columns + dx].astype(np.intp) << bit
        for bit, (dy, dx) in enumerate(NEIGHBOURS)
    )
    simple = _simple_codes()[codes]
    warped[rows[simple], columns[simple]] ^= True


def warping_error(truth: Array, predicted: Array) -> float:
    """Returns the share of pixels that differ from a prediction after :func:`homotopic_warp`.

    A border in another position costs nothing; a cell that is split, merged, missed or invented
    costs the pixels that no bending can repair.

    Args:
        truth: Labels or a mask, (height, width); above 0 is cell.
        predicted: Labels or a mask of the same shape.

    Returns:
        In [0, 1].

    Raises:
        ValueError: As :func:`homotopic_warp`, or there is no pixel.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells.warping import warping_error
        >>> warping_error(np.array([[1, 1, 0, 0]]), np.array([[0, 1, 1, 0]]))
        0.0
        >>> warping_error(np.array([[1, 1, 1, 1]]), np.array([[1, 0, 1, 1]]))
        0.25
    """
    warped = homotopic_warp(truth, predicted)
    if warped.size == 0:
        raise ValueError(f"Expected pixels. Received: {warped.shape}")
    return float((warped != (np.asarray(predicted) > 0)).mean())

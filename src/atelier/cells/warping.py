"""The warping error: mistakes of topology, not of where a border runs (Jain et al. 2010)."""

from functools import cache

import numpy as np
from scipy import ndimage

from atelier.cells.instance_labels import check_labels
from atelier.types import Array

FOUR = ndimage.generate_binary_structure(2, 1)
EIGHT = ndimage.generate_binary_structure(2, 2)
AROUND = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]


@cache
def _simple() -> Array:
    """Whether a pixel may change without a change of topology, by its 8 neighbours, (256,).

    Cells are 4-connected, background is 8-connected: a pixel is simple where its neighbours hold
    one part of each that it touches (Bertrand 1994).
    """
    table = np.zeros(256, bool)
    for code in range(256):
        ring = np.zeros((3, 3), bool)
        for bit, (y, x) in enumerate(AROUND):
            ring[y + 1, x + 1] = code >> bit & 1
        table[code] = _parts(ring, FOUR) == 1 == _parts(~ring, EIGHT)
    return table


def _parts(ring: Array, structure: Array) -> int:
    """Connected parts of a ring of neighbours that touch its centre."""
    ring = ring.copy()
    ring[1, 1] = False
    parts, _ = ndimage.label(ring, structure)
    return len(np.setdiff1d(parts[structure], [0]))


def homotopic_warp(truth: Array, found: Array) -> Array:
    """The truth bent towards ``found`` as far as its topology allows, bool.

    Simple pixels on which the two differ change sides until none is left; those that change at
    once are never neighbours. What lies beyond the picture is background.

    Args:
        truth: Labels or a mask, (height, width); above 0 is cell.
        found: Likewise.

    Raises:
        ValueError: Labels are no integers, negative or masked, or differ in shape.
    """
    truth, found = check_labels(truth), check_labels(found)
    if truth.shape != found.shape or truth.ndim != 2:
        raise ValueError(f"Expected two masks of one shape. Received: {truth.shape}, {found.shape}")
    bent, goal = np.pad(truth > 0, 1), np.pad(found > 0, 1)
    simple = _simple()
    while True:
        before = bent.copy()
        for y in (0, 1):
            for x in (0, 1):
                part = np.zeros_like(bent)
                part[1 + y : -1 : 2, 1 + x : -1 : 2] = True
                rows, columns = np.nonzero(part & (bent != goal))
                code = sum(
                    bent[rows + dy, columns + dx].astype(np.intp) << bit
                    for bit, (dy, dx) in enumerate(AROUND)
                )
                free = simple[code]
                bent[rows[free], columns[free]] ^= True
        if (before == bent).all():
            return bent[1:-1, 1:-1]


def warping_error(truth: Array, found: Array) -> float:
    """Share of the pixels that differ from ``found`` after :func:`homotopic_warp`, 0 … 1.

    A border that only runs elsewhere costs nothing; a cell that is split, merged, missed or
    invented costs the pixels that no bending can mend.

    Raises:
        ValueError: As :func:`homotopic_warp`, or there is no pixel.
    """
    bent = homotopic_warp(truth, found)
    if bent.size == 0:
        raise ValueError(f"Expected pixels. Received: {bent.shape}")
    return float((bent != (np.asarray(found) > 0)).mean())

"""Cells: drawn ones, and how images with instance labels travel."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from atelier.cells.instance_labels import number_cells
from atelier.types import Array

CITATION = "drawn by atelier.cells.samples.draw_cells"


class Sample(NamedTuple):
    """One picture and its truth."""

    image: Array
    """(height, width) or (height, width, 3); uint8, uint16 or float32."""
    labels: Array
    """Instance labels, (height, width), 0 being background."""


class DrawnCells(NamedTuple):
    """Pictures of one size, and their truth."""

    images: Array
    """(n, height, width, 1) uint8."""
    labels: Array
    """(n, height, width) uint16: 0 background, each cell a number of its own."""


def draw_cells(count: int, shape: tuple[int, int], *, seed: int) -> DrawnCells:
    """Pictures of fluorescent nuclei: bright ellipses, some touching, in uneven light.

    Each picture has a crowding, a brightness, a light that falls off to one side, a blur and a
    noise of its own. Cells that come second lie behind those that are there.

    Args:
        count: Pictures.
        shape: Height and width, at least 16 pixels each.
        seed: The same seed gives the same pictures; picture i does not depend on ``count``.

    Raises:
        ValueError: ``count`` is negative or ``shape`` too small.
    """
    if count < 0 or min(shape) < 16:
        raise ValueError(f"Expected count >= 0, sides >= 16. Received: {count}, {shape}")
    images = np.zeros((count, *shape, 1), np.uint8)
    labels = np.zeros((count, *shape), np.uint16)
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        labels[index] = _place(shape, rng)
        images[index, ..., 0] = _photograph(labels[index], rng)
    return DrawnCells(images, labels)


def _place(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Ellipses at random, about a third of them against one that is there already."""
    labels = np.zeros(shape, np.uint16)
    radius = rng.uniform(5, 9)
    crowding = rng.uniform(0.12, 0.35)
    centres: list[tuple[Array, float]] = []
    for _ in range(200):
        if (labels > 0).mean() >= crowding:
            break
        size = radius * rng.uniform(0.8, 1.25)
        centre = rng.uniform((0, 0), shape)
        if centres and rng.random() < 0.35:
            beside, theirs = centres[rng.integers(len(centres))]
            angle = rng.uniform(0, 2 * np.pi)
            centre = beside + 0.95 * (size + theirs) * np.array([np.sin(angle), np.cos(angle)])
        inside = _ellipse(shape, centre, size, rng)
        free = inside & (labels == 0)
        if free.sum() > 0.75 * max(inside.sum(), 20):
            labels[free] = len(centres) + 1
            centres.append((centre, size))
    return labels


def _ellipse(
    shape: tuple[int, int], centre: Array, radius: float, rng: np.random.Generator
) -> Array:
    """Inside a slightly lobed ellipse."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    angle, long = rng.uniform(0, np.pi), rng.uniform(1, 1.35)
    dy, dx = y - centre[0], x - centre[1]
    along = dy * np.sin(angle) + dx * np.cos(angle)
    across = dy * np.cos(angle) - dx * np.sin(angle)
    lobes = 1 + 0.06 * np.sin(3 * np.arctan2(across, along) + rng.uniform(0, 2 * np.pi))
    return np.asarray((along / long) ** 2 + (across * long) ** 2 < (radius * lobes) ** 2)


def _photograph(labels: Array, rng: np.random.Generator) -> Array:
    """Grey values: light, blur, noise."""
    shape = labels.shape
    brightness = np.concatenate([[0.0], rng.uniform(0.45, 1.0, int(labels.max()))])
    texture = gaussian_filter(rng.standard_normal(shape), 2)
    scene = brightness[labels] * (1 + 0.5 * texture)
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0.1, 0.5) * (y * np.sin(angle) + x * np.cos(angle))
    glow = rng.uniform(0.05, 0.2) * light
    seen = gaussian_filter(scene * light + glow, rng.uniform(0.6, 1.4))
    exposure = rng.uniform(90, 170)
    photons = rng.poisson(np.maximum(seen, 0) * 120) / 120
    return np.clip(exposure * photons + rng.normal(8, 2, shape), 0, 255).astype(np.uint8)


def pack(samples: Mapping[str, Sample] | Sequence[Sample]) -> dict[str, Array]:
    """Pictures of any sizes as named arrays: ``image.NAME`` and ``labels.NAME``."""
    named = (
        samples if isinstance(samples, Mapping) else {f"{i:04d}": s for i, s in enumerate(samples)}
    )
    return {
        f"{part}.{name}": array
        for name, sample in named.items()
        for part, array in zip(("image", "labels"), sample, strict=True)
    }


def unpack(arrays: Mapping[str, Array]) -> dict[str, Sample]:
    """The pictures again, by name, in their order."""
    names = [name.removeprefix("image.") for name in arrays if name.startswith("image.")]
    return {name: Sample(arrays[f"image.{name}"], arrays[f"labels.{name}"]) for name in names}


def touching_pairs(labels: Array) -> Array:
    """Pairs of cells with a pixel of one among the eight neighbours of one of the other, (n, 2)."""
    labels, ids = number_cells(labels)
    pairs = []
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        one, two = _neighbours(labels, down, across)
        meet = (one > 0) & (two > 0) & (one != two)
        pairs.append(np.sort(np.stack([one[meet], two[meet]], axis=1), axis=1))
    return np.asarray(ids[np.unique(np.concatenate(pairs), axis=0) - 1])


def _neighbours(labels: Array, down: int, across: int) -> tuple[Array, Array]:
    height, width = labels.shape
    left, right = max(-across, 0), max(across, 0)
    return (
        labels[: height - down, left : width - right],
        labels[down:, right : width - left],
    )


def cell_table(parts: Mapping[str, Mapping[str, Sample]]) -> pd.DataFrame:
    """A row a picture: ``split, picture, height, width, cells, covered, touching_pairs``."""
    rows = [
        (
            split,
            name,
            *sample.labels.shape,
            len(number_cells(sample.labels)[1]),
            float((sample.labels > 0).mean()),
            len(touching_pairs(sample.labels)),
        )
        for split, samples in parts.items()
        for name, sample in samples.items()
    ]
    columns = ["split", "picture", "height", "width", "cells", "covered", "touching_pairs"]
    return pd.DataFrame(rows, columns=columns)


def repeated_pictures(some: Mapping[str, Sample], others: Mapping[str, Sample]) -> int:
    """How many pictures of ``some`` are among ``others``, pixel by pixel."""
    known = {sample.image.tobytes() for sample in others.values()}
    return sum(sample.image.tobytes() in known for sample in some.values())

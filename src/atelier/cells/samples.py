"""Images of cells with instance labels: as samples, drawn at random, packed into arrays."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from atelier.cells.instance_labels import number_cells
from atelier.types import Array

CITATION = "drawn by atelier.cells.samples.draw_cells"


class Sample(NamedTuple):
    """An image and its truth."""

    image: Array
    """(height, width) or (height, width, 3); uint8, uint16 or float32."""
    labels: Array
    """Instance labels, (height, width); 0 is background."""


class DrawnCells(NamedTuple):
    """Images of one size, and their truth."""

    images: Array
    """(n, height, width, 1) uint8."""
    labels: Array
    """Instance labels, (n, height, width) uint16; 0 is background."""


def draw_cells(count: int, shape: tuple[int, int], *, seed: int) -> DrawnCells:
    """Draws images of fluorescent nuclei: bright ellipses, some touching, in uneven light.

    Density, size and brightness of the cells, the gradient of the light, blur and noise differ from
    image to image. A later cell lies behind an earlier one.

    Args:
        count: Number of images.
        shape: Height and width, at least 16 pixels each.
        seed: The same seed gives the same images; image i does not depend on ``count``.

    Returns:
        Images, (count, height, width, 1) uint8, and labels, (count, height, width) uint16.

    Raises:
        ValueError: ``count`` is negative or ``shape`` too small.

    Examples:
        >>> from atelier.cells import draw_cells
        >>> drawn = draw_cells(2, (32, 48), seed=0)
        >>> drawn.images.shape, drawn.labels.shape
        ((2, 32, 48, 1), (2, 32, 48))
    """
    if count < 0 or min(shape) < 16:
        raise ValueError(f"Expected count >= 0, sides >= 16. Received: {count}, {shape}")
    images = np.zeros((count, *shape, 1), np.uint8)
    labels = np.zeros((count, *shape), np.uint16)
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        labels[index] = _place_cells(shape, rng)
        images[index, ..., 0] = _expose(labels[index], rng)
    return DrawnCells(images, labels)


class _Cell(NamedTuple):
    centre: Array
    radius: float


def _place_cells(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Places ellipses at random, about a third of them next to an earlier cell."""
    labels = np.zeros(shape, np.uint16)
    mean_radius = rng.uniform(5, 9)
    coverage = rng.uniform(0.12, 0.35)
    cells: list[_Cell] = []
    for _ in range(200):
        if (labels > 0).mean() >= coverage:
            break
        radius = mean_radius * rng.uniform(0.8, 1.25)
        centre = rng.uniform((0, 0), shape)
        if cells and rng.random() < 0.35:
            neighbour = cells[rng.integers(len(cells))]
            angle = rng.uniform(0, 2 * np.pi)
            direction = np.array([np.sin(angle), np.cos(angle)])
            centre = neighbour.centre + 0.95 * (radius + neighbour.radius) * direction
        inside = _ellipse(shape, centre, radius, rng)
        free = inside & (labels == 0)
        if free.sum() > 0.75 * max(inside.sum(), 20):
            labels[free] = len(cells) + 1
            cells.append(_Cell(centre, radius))
    return labels


def _ellipse(
    shape: tuple[int, int], centre: Array, radius: float, rng: np.random.Generator
) -> Array:
    """Returns the mask of a slightly lobed ellipse, computed within a square around it."""
    square = _square(shape, centre, reach=1.5 * radius)
    y, x = np.ogrid[square]
    angle, long = rng.uniform(0, np.pi), rng.uniform(1, 1.35)
    dy, dx = y - centre[0], x - centre[1]
    along = dy * np.sin(angle) + dx * np.cos(angle)
    across = dy * np.cos(angle) - dx * np.sin(angle)
    lobes = 1 + 0.06 * np.sin(3 * np.arctan2(across, along) + rng.uniform(0, 2 * np.pi))
    mask = np.zeros(shape, bool)
    mask[square] = (along / long) ** 2 + (across * long) ** 2 < (radius * lobes) ** 2
    return mask


def _square(shape: tuple[int, int], centre: Array, *, reach: float) -> tuple[slice, ...]:
    """Returns the pixels whose rows and columns are up to ``reach`` from the centre."""
    lowest = np.clip(np.floor(centre - reach), 0, shape).astype(int)
    highest = np.clip(np.ceil(centre + reach) + 1, 0, shape).astype(int)
    return tuple(map(slice, lowest.tolist(), highest.tolist()))


def _expose(labels: Array, rng: np.random.Generator) -> Array:
    """Returns the grey values, uint8, of cells under uneven light, blur and noise."""
    shape = labels.shape
    brightness = np.concatenate([[0.0], rng.uniform(0.45, 1.0, int(labels.max()))])
    texture = gaussian_filter(rng.standard_normal(shape), 2)
    scene = brightness[labels] * (1 + 0.5 * texture)
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0.1, 0.5) * (y * np.sin(angle) + x * np.cos(angle))
    glow = rng.uniform(0.05, 0.2) * light
    blurred = gaussian_filter(scene * light + glow, rng.uniform(0.6, 1.4))
    exposure = rng.uniform(90, 170)
    photons = rng.poisson(np.maximum(blurred, 0) * 120) / 120
    return np.clip(exposure * photons + rng.normal(8, 2, shape), 0, 255).astype(np.uint8)


def pack(samples: Mapping[str, Sample] | Sequence[Sample]) -> dict[str, Array]:
    """Packs samples of any sizes into named arrays: ``image.NAME`` and ``labels.NAME``.

    Args:
        samples: By name, or in a sequence, whose samples are named ``0000``, ``0001`` …

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import Sample, pack, unpack
        >>> arrays = pack({"a": Sample(np.zeros((2, 3)), np.ones((2, 3), int))})
        >>> list(arrays), list(unpack(arrays))
        (['image.a', 'labels.a'], ['a'])
    """
    named = (
        samples if isinstance(samples, Mapping) else {f"{i:04d}": s for i, s in enumerate(samples)}
    )
    return {
        f"{part}.{name}": array
        for name, sample in named.items()
        for part, array in zip(("image", "labels"), sample, strict=True)
    }


def unpack(arrays: Mapping[str, Array]) -> dict[str, Sample]:
    """Returns the samples that :func:`pack` packed, by name, in their order.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import unpack
        >>> unpack({"image.a": np.zeros((2, 3)), "labels.a": np.ones((2, 3), int)})["a"].image.shape
        (2, 3)
    """
    names = [name.removeprefix("image.") for name in arrays if name.startswith("image.")]
    return {name: Sample(arrays[f"image.{name}"], arrays[f"labels.{name}"]) for name in names}


def touching_pairs(labels: Array) -> Array:
    """Returns the pairs of cells that are 8-connected neighbours, (n, 2), smaller id first.

    Args:
        labels: Instance labels, (height, width); 0 is background.

    Raises:
        ValueError: If the labels have other than two axes, or are no labels.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import touching_pairs
        >>> touching_pairs(np.array([[1, 1, 2], [0, 0, 5]])).tolist()
        [[1, 2], [1, 5], [2, 5]]
    """
    labels, ids = number_cells(labels)
    if labels.ndim != 2:
        raise ValueError(f"Expected labels (height, width). Received: {labels.shape}")
    pairs = []
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        first, second = _neighbours(labels, down, across)
        touch = (first > 0) & (second > 0) & (first != second)
        pairs.append(np.sort(np.stack([first[touch], second[touch]], axis=1), axis=1))
    return np.asarray(ids[np.unique(np.concatenate(pairs), axis=0) - 1])


def _neighbours(labels: Array, down: int, across: int) -> tuple[Array, Array]:
    """Returns the labels of all pixels with such a neighbour, and those of the neighbours."""
    height, width = labels.shape
    skip_first, skip_last = max(-across, 0), max(across, 0)
    return (
        labels[: height - down, skip_first : width - skip_last],
        labels[down:, skip_last : width - skip_first],
    )


def cell_table(parts: Mapping[str, Mapping[str, Sample]]) -> pd.DataFrame:
    """Describes each image of each split.

    Args:
        parts: Samples by name, by the split's name.

    Returns:
        A row for each image: ``split, picture, height, width, cells, covered`` (share of pixels
        that are cell) and ``touching_pairs``.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import Sample, cell_table
        >>> sample = Sample(np.zeros((1, 4)), np.array([[1, 1, 2, 0]]))
        >>> cell_table({"test": {"a": sample}})[["cells", "covered", "touching_pairs"]].values
        array([[2.  , 0.75, 1.  ]])
    """
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


def repeated_pictures(samples: Mapping[str, Sample], references: Mapping[str, Sample]) -> int:
    """Counts the samples whose image equals an image among ``references``, pixel by pixel.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import Sample, repeated_pictures
        >>> samples = {name: Sample(np.full((2, 2), ord(name)), np.ones((2, 2))) for name in "abc"}
        >>> repeated_pictures(samples, {"copy": samples["b"]})
        1
    """
    images = {sample.image.tobytes() for sample in references.values()}
    return sum(sample.image.tobytes() in images for sample in samples.values())

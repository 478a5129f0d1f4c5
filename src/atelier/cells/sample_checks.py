"""Checks that a label map fits its image, and that it numbers cells."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np

from atelier.cells.foreground import connected_cells, is_foreground
from atelier.cells.instance_labels import number_cells
from atelier.cells.samples import Sample
from atelier.types import Array

logger = logging.getLogger(__name__)

MAX_CELLS = int(np.iinfo(np.uint16).max)
"""The most cells in an image; larger labels are renumbered."""


def check_sample(name: str, image: Array, truth: Array, *, instances: bool) -> Sample:
    """Returns a sample, after a check that its truth fits; a mask's parts become its cells.

    Args:
        name: Of the file of labels, for messages.
        image: (height, width) or (height, width, 3).
        truth: A label map, or a mask of cells.
        instances: Whether the truth is a label map.

    Returns:
        The image and its labels, uint16. Labels beyond 65,535 are renumbered.

    Raises:
        ValueError: The truth is of another size or type, or has more than 65,535 cells.
    """
    if truth.ndim != 2 or truth.dtype.kind not in "uib" or truth.shape != image.shape[:2]:
        raise ValueError(
            f"{name}: Expected a label map of {image.shape[:2]}. "
            f"Received: {truth.shape} {truth.dtype}"
        )
    if not instances:
        truth = connected_cells(truth > truth.max() / 2)
    try:
        numbered, ids = number_cells(truth)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if len(ids) > MAX_CELLS:
        raise ValueError(f"{name}: Expected at most {MAX_CELLS:,} cells. Received: {len(ids):,}")
    truth = numbered if truth.max(initial=0) > MAX_CELLS else truth
    return Sample(image, truth.astype(np.uint16))


def separate_masks(samples: Mapping[str, Sample], masks: list[str]) -> dict[str, Sample]:
    """Replaces labels that are masks by their connected parts.

    Args:
        samples: By name.
        masks: Receives the names of the samples whose labels are masks: see
            :func:`atelier.cells.foreground.is_foreground`.

    Returns:
        All samples by name.
    """
    separated = dict(samples)
    names = [name for name, sample in samples.items() if is_foreground(sample.labels)]
    for name in names:
        cells = connected_cells(samples[name].labels > 0)
        separated[name] = check_sample(name, samples[name].image, cells, instances=True)
    if names:
        logger.warning(
            "%d of %d pictures in labels are masks, such as %s: each of their connected parts "
            "becomes a cell; cells that touch count as one",
            len(names), len(samples), names[0],
        )  # fmt: skip
    masks += names
    return separated

"""Applies a method to images one by one; a run that was killed continues with the next image."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from tqdm import tqdm

from atelier.cells.image_files import ImageFile
from atelier.cells.measurements import measure_cells
from atelier.segmentation.methods import Method
from atelier.storage.digests import bytes_digest
from atelier.types import Array, Metrics

logger = logging.getLogger(__name__)

LOGGED = 20
"""How often the log says how many images are done."""
CELL_COLUMNS = (
    "image", "page", "label", "area", "centroid_y", "centroid_x", "mean_intensity", "probability",
    "match_probability",
)  # fmt: skip


class SegmentedImage(NamedTuple):
    """An image, its cells and their measures."""

    picture: Array
    labels: Array
    """Instance labels, (height, width)."""
    cells: pd.DataFrame
    """As :func:`atelier.cells.measure_cells` returns it, with ``match_probability``."""


class Finished(NamedTuple):
    """What is stored of an image that was segmented before."""

    cells: pd.DataFrame
    shape: tuple[int, int]


class SegmentationStore(Protocol):
    """Where segmented images are written, one by one (in a test, a dictionary)."""

    def find(self, name: str, fingerprint: str) -> Finished | None:
        """Returns the stored measures of an image, or None where it has to be segmented."""
        ...

    def save(self, name: str, fingerprint: str, image: SegmentedImage) -> None:
        """Writes label map, outlines, overlay and measures of an image."""
        ...


class Application(NamedTuple):
    """Cells of all images."""

    cells: pd.DataFrame
    """A row for each cell, with the columns of :data:`CELL_COLUMNS`."""
    images: pd.DataFrame
    """A row for each page: ``image, page, result, height, width, cells, covered, kept, problem``;
    ``kept`` tells whether an earlier run had segmented it, ``problem`` why it was not read."""


class _Page(NamedTuple):
    """A page of an image's file, and the name of its results."""

    file: ImageFile
    number: int
    name: str
    fingerprint: str


def apply_method(
    images: Sequence[ImageFile], method: Method, store: SegmentationStore
) -> Application:
    """Segments images one by one; only one is in memory at a time.

    Images that the store has from an earlier run with the same file and method are kept. An image
    that cannot be read becomes a row with its problem.

    Args:
        images: The files.
        method: Finds the cells.
        store: Receives each image's results at once.

    Returns:
        The tables of cells and of images.
    """
    rows: list[dict[str, object]] = []
    tables: list[pd.DataFrame] = []
    every = max(1, len(images) // LOGGED)
    progress = tqdm(images, unit="image", desc="segment", leave=False, disable=None)
    for number, file in enumerate(progress, start=1):
        for page_rows, cells in _segment_file(file, method, store):
            rows.append(page_rows)
            tables.extend([cells] if len(cells) else [])
        if number % every == 0 or number == len(images):
            logger.debug("%d of %d images, %s", number, len(images), file.file)
    return Application(_join(tables), pd.DataFrame(rows))


def _segment_file(
    file: ImageFile, method: Method, store: SegmentationStore
) -> list[tuple[dict[str, object], pd.DataFrame]]:
    """Returns the row and the cells of each page of a file."""
    try:
        pages = _pages(file, method.identity)
    except ValueError as error:
        return [(_problem(file, 1, error), pd.DataFrame())]
    return [_segment_page(page, method, store) for page in pages]


def _pages(file: ImageFile, identity: str) -> list[_Page]:
    numbers, digest = file.pages(), file.digest()
    return [
        _Page(
            file,
            number,
            file.name if len(numbers) == 1 else f"{file.name}_page{index:04d}",
            bytes_digest(f"{identity} {CELL_COLUMNS} {digest} {number}".encode()),
        )
        for index, number in enumerate(numbers, start=1)
    ]


def _segment_page(
    page: _Page, method: Method, store: SegmentationStore
) -> tuple[dict[str, object], pd.DataFrame]:
    finished = store.find(page.name, page.fingerprint)
    kept = finished is not None
    if finished is None:
        try:
            finished = _segment(page, method, store)
        except ValueError as error:
            return _problem(page.file, page.number + 1, error), pd.DataFrame()
    cells, (height, width) = finished
    row: dict[str, object] = {
        "image": page.file.file,
        "page": page.number + 1,
        "result": page.name,
        "height": height,
        "width": width,
        "cells": len(cells),
        "covered": float(cells["area"].sum()) / (height * width),
        "kept": kept,
        "problem": "",
    }
    return row, cells.assign(image=page.file.file, page=page.number + 1)


def _segment(page: _Page, method: Method, store: SegmentationStore) -> Finished:
    picture = page.file.read(page.number)
    segmented = method.find_cells(picture)
    cells = measure_cells(segmented.labels, picture, segmented.probability)
    none = segmented.match_probability is None
    cells["match_probability"] = np.nan if none else segmented.match_probability
    store.save(page.name, page.fingerprint, SegmentedImage(picture, segmented.labels, cells))
    height, width = picture.shape[:2]
    return Finished(cells, (height, width))


def _problem(file: ImageFile, page: int, error: ValueError) -> dict[str, object]:
    logger.warning("%s", error)
    row = dict.fromkeys(("height", "width", "cells"), 0)
    return {
        "image": file.file, "page": page, "result": "", **row, "covered": 0.0, "kept": False,
        "problem": str(error),
    }  # fmt: skip


def _join(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    if not tables:
        return pd.DataFrame({name: [] for name in CELL_COLUMNS})
    return pd.concat(tables, ignore_index=True)[list(CELL_COLUMNS)]


def check_images_readable(images: pd.DataFrame, largest_share: float) -> None:
    """Checks that not too many images could not be read.

    Args:
        images: As :class:`Application` has them.
        largest_share: That may be unreadable.

    Raises:
        ValueError: More are; the message names the first of them.
    """
    problems = images.loc[images["problem"] != "", "problem"]
    if len(problems) > largest_share * len(images):
        listed = "\n  ".join(problems.head(5))
        raise ValueError(
            f"Expected at most {largest_share:.0%} of {len(images)} images to be unreadable "
            f"(segment.application.unreadable). Received: {len(problems)}:\n  {listed}\n"
            "The results of the others are kept: repair or remove these, and run again"
        )


def application_metrics(application: Application) -> Metrics:
    """Returns counts and means: ``images, cells, unreadable, kept, cells_per_image, mean_area``.

    Args:
        application: The tables of cells and of images.
    """
    cells, images = application
    readable = images[images["problem"] == ""]
    return {
        "images": float(len(readable)),
        "cells": float(len(cells)),
        "unreadable": float(len(images) - len(readable)),
        "kept": float(readable["kept"].sum()),
        "cells_per_image": float(readable["cells"].mean()),
        "mean_area": float(cells["area"].mean()) if len(cells) else 0.0,
        "covered": float(readable["covered"].mean()),
    }


def images_for_figure(images: pd.DataFrame, count: int) -> pd.DataFrame:
    """Returns rows of readable images, evenly spaced, at most ``count``."""
    readable = images[images["problem"] == ""]
    rows = np.unique(np.linspace(0, len(readable) - 1, count).round().astype(int))
    return readable.iloc[rows]

"""Nodes of the ingest pipeline."""

from pathlib import Path
from typing import Any

import pandas as pd

from atelier import cells, data
from atelier.cells.params import CellSourceParams, CellSplitParams
from atelier.data.params import SPLITS, SourceParams, SplitParams
from atelier.data.sources import Downloader
from atelier.data.user_data.params import UserDataParams
from atelier.types import Arrays, Metrics

WHOLE = frozenset({".npz", ".npy", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz"})
"""Endings of files that contain all of a data set."""


def acquire(
    archives: Downloader, params: SourceParams, user_data: UserDataParams, splits: SplitParams
) -> tuple[Arrays, Arrays, Arrays, Arrays, dict[str, Any]]:
    """Reads a user's data, else a source, and splits it; with a record of the origin."""
    source = (
        data.read_user_data(user_data) if user_data.data else data.read_source(params, archives)
    )
    data.check_source(source)
    parts = data.split_source(source, splits, limit=params.limit)
    provenance = data.provenance_record(source, params, parts, splits)
    train, validation, calibration, test = (parts[name] for name in SPLITS)
    return train, validation, calibration, test, provenance


def source_files(params: SourceParams, user_data: UserDataParams) -> list[Path]:
    """Returns the files and folders of a user's data, else of the mirror."""
    if user_data.data:
        return [_with_neighbours(user_data.data)]
    return _mirrored(params.mirror, params.dataset) if params.source == "mirror" else []


def check_splits(
    train: Arrays, validation: Arrays, calibration: Arrays, test: Arrays, provenance: dict[str, Any]
) -> tuple[pd.DataFrame, Metrics]:
    """Counts duplicate images within and across splits, images of each split, and classes."""
    splits = dict(zip(SPLITS, (train, validation, calibration, test), strict=True))
    duplicates = data.count_duplicates(splits)
    data.warn_of_duplicates(duplicates, provenance["name"])
    return duplicates, data.split_metrics(splits, duplicates, len(provenance["classes"]))


def describe_classes(
    train: Arrays, validation: Arrays, calibration: Arrays, test: Arrays, provenance: dict[str, Any]
) -> tuple[pd.DataFrame, Metrics]:
    """Returns the data card as a table, and the largest variability of a class."""
    splits = dict(zip(SPLITS, (train, validation, calibration, test), strict=True))
    table = data.class_table(splits, provenance["classes"])
    return table, data.deviation_metrics(table)


def draw_data_card(
    train: Arrays, table: pd.DataFrame, provenance: dict[str, Any]
) -> tuple[Any, ...]:
    """Draws the data card: counts, contact sheet, mean and deviation, variability."""
    classes, name = provenance["classes"], provenance["name"]
    images, labels = train["images"], train["labels"]
    means, deviations = data.class_moments(images, labels, len(classes))
    titles = data.figures.card_titles(name, data.most_variable_classes(table))
    return (
        data.figures.counts_figure(table, title=titles["counts"]),
        data.figures.contact_sheet_figure(images, labels, classes, title=titles["contact_sheet"]),
        data.figures.moments_figure(means, deviations, classes, title=titles["moments"]),
        data.figures.deviation_figure(table, title=titles["deviation"]),
    )


def acquire_cells(
    archives: Downloader, params: CellSourceParams, splits: CellSplitParams
) -> tuple[Arrays, Arrays, Arrays, dict[str, Any]]:
    """Reads images of cells with their labels and splits them; with a record of the origin."""
    source = cells.read_cells(params, archives)
    samples = cells.split_source(source, splits)
    parts = {part: cells.pack(samples[part]) for part in cells.CELL_SPLITS}
    provenance = {
        "name": source.name,
        "source": "path" if params.path else params.source,
        "citation": source.citation,
        "digest": data.splits_digest(parts),
        "counts": {part: len(parts[part]) // 2 for part in cells.CELL_SPLITS},
        "masks_made_cells": source.masks,
        "splits": splits.model_dump(),
    }
    return parts["train"], parts["validation"], parts["test"], provenance


def cell_files(params: CellSourceParams) -> list[Path]:
    """Returns the files and folders of a user's images of cells, else of the mirror."""
    if params.path:
        return [_with_neighbours(params.path)]
    return _mirrored(params.mirror, params.dataset) if params.source == "mirror" else []


def describe_cells(
    train: Arrays, validation: Arrays, test: Arrays, provenance: dict[str, Any]
) -> tuple[pd.DataFrame, Metrics, Any]:
    """Returns each image's size, cells and touching pairs, counts of duplicates, and examples."""
    splits = dict(zip(cells.CELL_SPLITS, (train, validation, test), strict=True))
    parts = {part: cells.unpack(arrays) for part, arrays in splits.items()}
    table = cells.cell_table(parts)
    metrics = {f"{part}_n": float(len(samples)) for part, samples in parts.items()} | {
        "cells": float(table["cells"].sum()),
        "touching_pairs": float(table["touching_pairs"].sum()),
        "test_pictures_in_train": float(cells.repeated_pictures(parts["test"], parts["train"])),
    }
    examples = dict(list(parts["train"].items())[:6])
    title = f"{provenance['name']}: training images"
    return table, metrics, cells.figures.cells_figure(examples, title=title)


def _mirrored(mirror: str | None, dataset: str) -> list[Path]:
    """Returns the files of a mirror itself, and its folder of a data set."""
    folder = Path(mirror or "").expanduser()
    return [*sorted(path for path in folder.glob("*") if path.is_file()), folder / dataset]


def _with_neighbours(data: str) -> Path:
    """Returns a folder or an archive; for a table, its folder, which has the images."""
    path = Path(data).expanduser()
    return path if path.is_dir() or path.suffix in WHOLE else path.parent

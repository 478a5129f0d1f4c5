"""Nodes of the ingest pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier.cells.params import CellSourceParams, CellSplitParams
from atelier.data.reading import Downloader, SourceParams
from atelier.data.splits import SPLITS, SplitParams
from atelier.types import Arrays, Metrics


def acquire(
    archives: Downloader, params: SourceParams, splits: SplitParams
) -> tuple[Arrays, Arrays, Arrays, Arrays, dict[str, Any]]:
    """Read the source, refuse what is wrong with it, and split it; with a record of its origin."""
    from atelier.data.checks import check_source, splits_digest
    from atelier.data.reading import read_source
    from atelier.data.splits import split_source

    came_in = read_source(params, archives)
    check_source(came_in)
    parts = split_source(came_in, splits, limit=params.limit)
    provenance = {
        "name": came_in.name,
        "source": params.source,
        "citation": came_in.citation,
        "digest": splits_digest(parts),
        "classes": list(came_in.classes),
        "counts": {name: len(parts[name]["labels"]) for name in SPLITS},
        "splits": splits.model_dump(),
    }
    train, validation, calibration, test = (parts[name] for name in SPLITS)
    return train, validation, calibration, test, provenance


def check_splits(
    train: Arrays, validation: Arrays, calibration: Arrays, test: Arrays, provenance: dict[str, Any]
) -> tuple[pd.DataFrame, Metrics]:
    """Duplicate images within and across splits, counts and class balance."""
    from atelier.data.checks import class_imbalance, count_duplicates

    splits = dict(zip(SPLITS, (train, validation, calibration, test), strict=True))
    repeated = count_duplicates(splits)
    leaked = repeated.loc[repeated["split"] == "test", "in_train"].item()
    counts = pd.Series(np.bincount(train["labels"], minlength=len(provenance["classes"])))
    metrics = {f"{name}_n": float(len(split["labels"])) for name, split in splits.items()}
    return repeated, metrics | {
        "classes": float(len(counts)),
        "imbalance": class_imbalance(counts),
        "test_images_in_train": float(leaked),
    }


def describe_classes(
    train: Arrays, validation: Arrays, calibration: Arrays, test: Arrays, provenance: dict[str, Any]
) -> tuple[pd.DataFrame, Metrics]:
    """The data card as a table, and how variable the most variable class is by each statistic."""
    from atelier.data.class_statistics import STATISTICS, class_table

    splits = dict(zip(SPLITS, (train, validation, calibration, test), strict=True))
    table = class_table(splits, provenance["classes"])
    return table, {f"highest_{name}": float(table[name].max()) for name in STATISTICS}


def draw_data_card(
    train: Arrays, table: pd.DataFrame, provenance: dict[str, Any]
) -> tuple[Any, ...]:
    """The data card as figures: counts, contact sheet, mean and deviation, variability."""
    from atelier.data import figures as card
    from atelier.data.class_statistics import class_moments, most_variable_classes

    classes, name = provenance["classes"], provenance["name"]
    images, labels = train["images"], train["labels"]
    means, deviations = class_moments(images, labels, len(classes))
    most = most_variable_classes(table)
    return (
        card.counts_figure(table, title=f"{name}: images per class"),
        card.contact_sheet_figure(images, labels, classes, title=f"{name}: training images"),
        card.moments_figure(
            means, deviations, classes, title=f"{name}: mean and pixel-wise standard deviation"
        ),
        card.deviation_figure(
            table,
            title=f"{name}: pixel-wise deviation is largest for {most['mean_deviation']} by its "
            f"mean, for {most['largest_deviation']} by its maximum",
        ),
    )


def acquire_cells(
    archives: Downloader, params: CellSourceParams, splits: CellSplitParams
) -> tuple[Arrays, Arrays, Arrays, dict[str, Any]]:
    """Read pictures of cells with their truth, and split them; with a record of their origin."""
    from atelier.cells.reading import PARTS, read_cells, split_cells
    from atelier.cells.samples import pack
    from atelier.data.checks import splits_digest

    came_in = read_cells(params, archives)
    parts = {part: pack(some) for part, some in split_cells(came_in.samples, splits).items()}
    provenance = {
        "name": came_in.name,
        "source": params.source,
        "citation": came_in.citation,
        "digest": splits_digest(parts),
        "counts": {part: len(parts[part]) // 2 for part in PARTS},
        "masks_made_cells": came_in.masks,
        "splits": splits.model_dump(),
    }
    train, validation, test = (parts[part] for part in PARTS)
    return train, validation, test, provenance


def describe_cells(
    train: Arrays, validation: Arrays, test: Arrays, provenance: dict[str, Any]
) -> tuple[pd.DataFrame, Metrics, Any]:
    """Each picture's size, cells and touching pairs; what is in two splits; some pictures."""
    from atelier.cells.figures import cells_figure
    from atelier.cells.reading import PARTS
    from atelier.cells.samples import cell_table, repeated_pictures, unpack

    parts = {
        part: unpack(arrays) for part, arrays in zip(PARTS, (train, validation, test), strict=True)
    }
    table = cell_table(parts)
    metrics = {f"{part}_n": float(len(parts[part])) for part in PARTS}
    metrics |= {
        "cells": float(table["cells"].sum()),
        "touching_pairs": float(table["touching_pairs"].sum()),
        "test_pictures_in_train": float(repeated_pictures(parts["test"], parts["train"])),
    }
    shown = dict(list(parts["train"].items())[:6])
    return table, metrics, cells_figure(shown, title=f"{provenance['name']}: training pictures")

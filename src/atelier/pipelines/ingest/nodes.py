"""Nodes of the ingest pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier.data.reading import Fetch, SourceParams
from atelier.data.splits import SPLITS, SplitParams
from atelier.types import Arrays, Metrics


def acquire(
    archives: Fetch, params: SourceParams, splits: SplitParams
) -> tuple[Arrays, Arrays, Arrays, Arrays, dict[str, Any]]:
    """Read the source, refuse what is wrong with it, and split it; with a record of its origin."""
    from atelier.data.checks import check_source, digest
    from atelier.data.reading import read_source
    from atelier.data.splits import split_source

    came_in = read_source(params, archives)
    check_source(came_in)
    parts = split_source(came_in, splits, limit=params.limit)
    provenance = {
        "name": came_in.name,
        "source": params.source,
        "citation": came_in.citation,
        "digest": digest(parts),
        "classes": list(came_in.classes),
        "counts": {name: len(parts[name]["labels"]) for name in SPLITS},
        "splits": splits.model_dump(),
    }
    train, validation, calibration, test = (parts[name] for name in SPLITS)
    return train, validation, calibration, test, provenance


def check(
    train: Arrays, validation: Arrays, calibration: Arrays, test: Arrays, provenance: dict[str, Any]
) -> tuple[pd.DataFrame, Metrics]:
    """Duplicate images within and across splits, counts and class balance."""
    from atelier.data.checks import duplicates, imbalance

    splits = dict(zip(SPLITS, (train, validation, calibration, test), strict=True))
    repeated = duplicates(splits)
    leaked = repeated.loc[repeated["split"] == "test", "in_train"].item()
    counts = pd.Series(np.bincount(train["labels"], minlength=len(provenance["classes"])))
    metrics = {f"{name}_n": float(len(split["labels"])) for name, split in splits.items()}
    return repeated, metrics | {
        "classes": float(len(counts)),
        "imbalance": imbalance(counts),
        "test_images_in_train": float(leaked),
    }


def describe(
    train: Arrays, validation: Arrays, calibration: Arrays, test: Arrays, provenance: dict[str, Any]
) -> tuple[pd.DataFrame, Metrics]:
    """The data card as a table, and how variable the most variable class is by each statistic."""
    from atelier.data.card import STATISTICS, class_table

    splits = dict(zip(SPLITS, (train, validation, calibration, test), strict=True))
    table = class_table(splits, provenance["classes"])
    return table, {f"highest_{name}": float(table[name].max()) for name in STATISTICS}


def draw_card(train: Arrays, table: pd.DataFrame, provenance: dict[str, Any]) -> tuple[Any, ...]:
    """The data card as figures: counts, contact sheet, mean and deviation, variability."""
    from atelier.data.card import class_moments, most_variable
    from atelier.plots import card

    classes, name = provenance["classes"], provenance["name"]
    images, labels = train["images"], train["labels"]
    means, deviations = class_moments(images, labels, len(classes))
    most = most_variable(table)
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

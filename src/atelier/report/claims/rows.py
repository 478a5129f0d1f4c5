"""Reads the tables that claims name: outputs of runs, and files of the project."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from atelier.report.claims.measurement import SEED, Measurement
from atelier.types import Array

FOLDERS = {
    "metrics": ("08_reporting", "{name}_metrics.json"),
    "table": ("08_reporting", "{name}_table.parquet"),
    "examples": ("08_reporting", "examples/{name}.parquet"),
    "history": ("07_model_output", "{name}_history.json"),
}
"""Where the catalog keeps each kind of dataset: a folder of the data, and a file's name."""


@dataclass(frozen=True)
class Outputs:
    """The outputs of runs in one environment.

    Attributes:
        root: The project's folder.
        env: Kedro's environment.
        data: The folder of the data, below the project's.
    """

    root: Path
    env: str
    data: str = "data"

    def path(self, of: str) -> Path:
        """Returns the path of a dataset, or of a file or folder of the project.

        Args:
            of: A dataset's name, or a path with a slash.

        Raises:
            ValueError: If the name is of no kind that claims can read.
        """
        if "/" in of:
            return self.root / of
        namespace, _, rest = of.partition(".")
        name, _, kind = rest.rpartition("_")
        if kind not in FOLDERS:
            raise ValueError(f"Expected a dataset of a kind in {sorted(FOLDERS)}. Received: {of}")
        folder, file = FOLDERS[kind]
        return self.root / self.data / folder / self.env / namespace / file.format(name=name)

    def provenance(self, namespace: str) -> dict[str, Any]:
        """Returns the record of where the data of a namespace came from; empty without one."""
        path = self.root / self.data / "03_primary" / self.env / namespace / "provenance.json"
        return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def read_rows(path: Path) -> pd.DataFrame:
    """Returns a table: parquet, a folder of parquet files, or JSON; metrics are one row.

    Raises:
        FileNotFoundError: If there is no such file or folder.
    """
    if not path.exists():
        raise FileNotFoundError(f"Expected the output of a run. Received: no {path}")
    if path.is_dir():
        return pd.concat(map(pd.read_parquet, sorted(path.glob("*.parquet"))), ignore_index=True)
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    content = json.loads(path.read_text("utf-8"))
    return pd.DataFrame(content if isinstance(content, list) else [content])


def derived_rows(measurement: Measurement, rows: pd.DataFrame) -> pd.DataFrame:
    """Returns the table that a measurement reads: the rows, or what is computed from them.

    Args:
        measurement: Names the derived table, if there is one.
        rows: For the derived tables, a row for each training of a sweep.

    Raises:
        ValueError: If a derived table lacks the sizes of its splits.
    """
    if measurement.derive is None:
        return rows
    if measurement.images is None:
        raise ValueError(f"Expected the images of {measurement.of}. Received: none")
    return DERIVED[measurement.derive](rows, measurement.images)


def _best_learning_rates(rows: pd.DataFrame, images: tuple[int, int]) -> pd.DataFrame:
    from atelier.sweep import best_learning_rates

    best = best_learning_rates(rows, selection_images=images[0], test_images=images[1])
    return best.assign(n=images[1])


def _dropout_effect(rows: pd.DataFrame, images: tuple[int, int]) -> pd.DataFrame:
    from atelier.sweep import dropout_effect

    best = _best_learning_rates(rows, images)
    return dropout_effect(rows, _correct(rows, images[1]), best, seed=SEED)


def _best_of_k_trainings(rows: pd.DataFrame, images: tuple[int, int]) -> pd.DataFrame:
    from atelier.sweep import compare_budgets

    curves, _ = compare_budgets(rows, _correct(rows, images[1]), images=images[1], seed=SEED)
    return curves.assign(n=images[1])


def _correct(rows: pd.DataFrame, test_images: int) -> Array:
    """Returns which test images each training classifies correctly, (trainings, images) bool."""
    from atelier.sweep import correct_predictions, packed_predictions

    return correct_predictions(packed_predictions(rows), test_images)


DERIVED: dict[str, Callable[[pd.DataFrame, tuple[int, int]], pd.DataFrame]] = {
    "best learning rates": _best_learning_rates,
    "dropout effect": _dropout_effect,
    "best of k trainings": _best_of_k_trainings,
}
"""Tables that are computed from rows by the functions of the experiment itself."""

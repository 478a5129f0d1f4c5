"""Files of logits or probabilities with labels: ``.npz``, CSV and parquet."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from atelier.calibration.own_logits import PARTS, Kind, LabelledLogits, label_logits
from atelier.data.npz_arrays import read_npz_arrays
from atelier.storage.damage import DAMAGE
from atelier.types import Array

KINDS: Mapping[Kind, tuple[str, ...]] = {
    "logits": ("logits", "logit"),
    "probabilities": ("probabilities", "probability", "probs", "prob"),
}
"""Names of arrays, and beginnings of names of columns (before ``_<class>``), by what they hold."""
LABELS = ("labels", "label")
ADVICE = (
    "Save it as .npz, by numpy.savez(FILE, logits=…, labels=…), or as CSV or parquet with columns "
    "logit_<class> and label"
)


def read_logits(path: str | Path) -> LabelledLogits:
    """Reads logits or probabilities with their labels from a file.

    ``.npz``: arrays ``logits`` or ``probabilities``, (n, classes), and ``labels``, (n,); optional
    ``split``, (n,), and ``classes``, the classes' names. Or ``calibration_logits``,
    ``calibration_labels``, ``test_logits``, ``test_labels``, and optional ``train_…``.

    CSV and parquet: columns ``logit_<class>`` or ``probability_<class>``, ``label``, optional
    ``split``; parquet may have one column ``logits`` or ``probabilities`` of lists instead. Other
    columns are not read.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, or lacks an array or a column, or as in
            :func:`atelier.calibration.label_logits`. The message begins with the file's path.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"{path}: Expected a file of logits. Received: no such file")
    if not path.stat().st_size:
        raise ValueError(f"{path}: Expected a file of logits. Received: an empty file")
    if path.suffix.lower() == ".npz":
        return _from_arrays(str(path), _read_arrays(path))
    readers: dict[str, Callable[[Path], pd.DataFrame]] = {
        ".csv": _read_csv, ".tsv": _read_csv, ".parquet": _read_parquet,
    }  # fmt: skip
    read = readers.get(path.suffix.lower())
    if read is None:
        raise ValueError(
            f"{path}: Expected a file .npz, .csv, .tsv or .parquet. Received: "
            f"'{path.suffix or path.name}'. {ADVICE}"
        )
    return _from_table(str(path), read(path))


def _read_arrays(path: Path) -> dict[str, Array]:
    try:
        with path.open("rb") as file:
            return read_npz_arrays(file, str(path))
    except ValueError as error:
        pickled = "Python objects" in str(error)
        advice = (
            "Save arrays of numbers, not of objects: labels=numpy.asarray(labels)"
            if pickled
            else "Copy or save it again"
        )
        raise ValueError(f"{error}. {advice}") from error


def _read_csv(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import csv

    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline()
    delimiter = max(",;\t", key=header.count)
    try:
        table = csv.read_csv(
            path,
            parse_options=csv.ParseOptions(delimiter=delimiter),
            convert_options=csv.ConvertOptions(strings_can_be_null=True),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path}: Expected a CSV file with one header, and as many values in each line as in "
            f"it. Received: {error}. Is the file cut off? Save it again"
        ) from error
    return table.to_pandas()


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
        table.validate(full=True)  # text that is not UTF-8 would fail where it is used
        return table.to_pandas()
    except (*DAMAGE, pa.ArrowException) as error:
        raise ValueError(
            f"{path}: Expected a whole parquet file. Received: {error}. Copy or save it again"
        ) from error


def _from_arrays(name: str, arrays: Mapping[str, Array]) -> LabelledLogits:
    classes = arrays.get("classes")
    by_parts = f"test_{LABELS[0]}" in arrays and not any(label in arrays for label in LABELS)
    source = _joined_parts(name, arrays) if by_parts else arrays
    kind, key = _find_kind(name, source)
    label = _find(name, LABELS, source, "array")
    return label_logits(
        source[key],
        source[label],
        kind=kind,
        classes=None if classes is None else [str(item) for item in classes.tolist()],
        split=source.get("split"),
        name=name,
    )


def _joined_parts(name: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Joins ``<part>_logits`` and ``<part>_labels`` to ``logits``, ``labels`` and ``split``."""
    pairs = {}
    for part in PARTS:
        arrays_of_part = {
            key.removeprefix(f"{part}_"): array
            for key, array in arrays.items()
            if key.startswith(f"{part}_")
        }
        if arrays_of_part:
            kind, key = _find_kind(name, arrays_of_part, prefix=f"{part}_")
            label = _find(name, LABELS, arrays_of_part, "array", prefix=f"{part}_")
            pairs[part] = (kind, arrays_of_part[key], arrays_of_part[label])
    kinds = {kind for kind, _, _ in pairs.values()}
    shapes = {values.shape[1:] for _, values, _ in pairs.values()}
    if len(kinds) != 1 or len(shapes) != 1:
        raise ValueError(
            f"{name}: Expected the same kind and number of columns in every part. Received: "
            f"{', '.join(f'{part} {p[0]} {p[1].shape}' for part, p in pairs.items())}"
        )
    return {
        kinds.pop(): np.concatenate([values for _, values, _ in pairs.values()]),
        "labels": np.concatenate([labels for _, _, labels in pairs.values()]),
        "split": np.repeat(list(pairs), [len(labels) for _, _, labels in pairs.values()]),
    }


def _from_table(name: str, table: pd.DataFrame) -> LabelledLogits:
    label = _find(name, LABELS, table, "column")
    split = table["split"].to_numpy(str) if "split" in table else None
    missing = np.flatnonzero(table[label].isna())
    if len(missing):
        raise ValueError(
            f"{name}: Expected a label in every row. Received: {len(missing)} rows without one, "
            f"first row {missing[0]}. Leave these rows out"
        )
    labels = table[label].to_numpy()
    kind, columns = _columns_of_classes(name, table)
    if columns is None:
        _, key = _find_kind(name, table)
        values, classes = _stacked_lists(name, table[key]), None
    else:
        values = _numbers(name, table, list(columns))
        classes = list(columns.values())
    return label_logits(values, labels, kind=kind, classes=classes, split=split, name=name)


def _columns_of_classes(name: str, table: pd.DataFrame) -> tuple[Kind, dict[str, str] | None]:
    """Returns the kind and the class of each column; None where a column of lists has them."""
    for kind, beginnings in KINDS.items():
        pattern = re.compile(rf"(?:{'|'.join(beginnings)})_(.+)")
        matches = {str(column): pattern.fullmatch(str(column)) for column in table.columns}
        classes = {column: match[1] for column, match in matches.items() if match}
        if classes:
            numbered = all(text.isdigit() for text in classes.values())
            order = sorted(classes, key=lambda column: int(classes[column])) if numbered else None
            return kind, {column: classes[column] for column in order or classes}
    kind, _ = _find_kind(name, table)
    return kind, None


def _numbers(name: str, table: pd.DataFrame, columns: Sequence[str]) -> Array:
    for column in columns:
        if not pd.api.types.is_numeric_dtype(table[column]):
            text = table[column].dropna().astype(str)
            received = f"{text.iloc[0]!r}" if len(text) else "an empty column"
            raise ValueError(
                f"{name}: Expected numbers in the column {column}. Received: {received}. "
                "Decimals have a point"
            )
    return table[list(columns)].to_numpy(np.float64)


def _stacked_lists(name: str, column: pd.Series) -> Array:
    lengths = {np.size(item) for item in column}
    if len(lengths) != 1:
        raise ValueError(
            f"{name}: Expected lists of one length in the column {column.name}. "
            f"Received: lengths {sorted(lengths)[:5]}"
        )
    return np.stack([np.asarray(item, np.float64) for item in column])


def _find_kind(name: str, source: Any, *, prefix: str = "") -> tuple[Kind, str]:
    """Returns what a file has, and the name of its array or column."""
    for kind, names in KINDS.items():
        for key in names:
            if key in source:
                return kind, key
    columns = isinstance(source, pd.DataFrame)
    wanted = "columns logit_<class> or probability_<class>" if columns else (
        f"an array {prefix}logits or {prefix}probabilities"
    )  # fmt: skip
    raise ValueError(f"{name}: Expected {wanted}. Received: {_listed(source)}")


def _find(name: str, keys: Sequence[str], source: Any, noun: str, *, prefix: str = "") -> str:
    for key in keys:
        if key in source:
            return key
    wanted = keys[-1] if noun == "column" else f"{prefix}{keys[0]}"
    raise ValueError(
        f"{name}: Expected the {noun} {wanted}, the true class of each row. "
        f"Received: {_listed(source)}"
    )


def _listed(source: Any) -> str:
    names = [str(key) for key in source]
    return (", ".join(names[:12]) + (", …" if len(names) > 12 else "")) or "nothing"

"""How a claim's number is computed from a table of a run's outputs."""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from atelier.evaluation.intervals import UNBOUNDED, bootstrap_interval, wilson_interval
from atelier.params import Params
from atelier.types import Array

Level = str | bool | float
Where = dict[str, Level | tuple[Level, ...]]
"""Values, or lists of values, that columns must have."""
SEED = 0
"""Of the resamples."""
NEAR = 1e-9
"""Relative difference up to which two levels are the same."""


class Number(NamedTuple):
    """A number with its 95 % interval and the number of examples; None where there is none."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None


class _Rows(Params):
    """Where the rows are.

    Attributes:
        of: A dataset, ``namespace.name_metrics``, ``_table``, ``_examples`` or ``_history``, or a
            file or folder of the project with a slash in its name.
        derive: A table that is computed from these rows first.
        where: Which rows count.
    """

    of: Annotated[str, Field(pattern=r"^([\w.]+|[\w.\-]+(/[\w.\-]+)+)$")]
    derive: Literal["best learning rates", "dropout effect", "best of k trainings"] | None = None
    images: Annotated[tuple[int, int], Field(description="selection, test")] | None = None
    where: Where = Field(default_factory=dict)


class Cell(_Rows):
    """A value of the only row that is left, less that of another column where one is named."""

    by: Literal["cell"]
    value: str
    minus: str | None = None
    low: str | None = None
    high: str | None = None
    n: str | None = None


class Share(_Rows):
    """The share of rows that are true, or of a total, with Wilson's interval."""

    by: Literal["share"]
    value: str
    total: str | None = None


class Mean(_Rows):
    """The mean over rows, with a bootstrap interval over the units that a column names.

    The interval stays within ``bounds``, the least and largest value that the mean can have.
    """

    by: Literal["mean"]
    value: str
    unit: str | None = None
    bounds: tuple[float, float] | None = None


class Difference(_Rows):
    """The mean difference between two groups of rows, paired by columns.

    The interval is a bootstrap over the units that a column names, or over the pairs. One pair has
    no interval. A column ``minus`` is subtracted from the value first.
    """

    by: Literal["difference"]
    value: str
    minus: str | None = None
    first: Where
    second: Where
    pair: tuple[str, ...]
    unit: str | None = None


class Change(_Rows):
    """The value of the last row, less that of the row in which another column is lowest."""

    by: Literal["change"]
    value: str
    lowest: str


class Ordering(_Rows):
    """The share of pairs of rows in the claimed order of their values, from low to high.

    Attributes:
        label: The column whose values name the rows.
        before: Names of rows that are claimed to have the lower values.
        after: Names of rows that are claimed to have the higher values; by default all others.
        descending: Whether the claimed order is from high to low.
    """

    by: Literal["ordering"]
    label: str
    before: tuple[Level, ...]
    after: tuple[Level, ...] = ()
    value: str
    low: str | None = None
    high: str | None = None
    descending: bool = False
    n: str | None = None


Measurement = Annotated[
    Cell | Share | Mean | Difference | Change | Ordering, Field(discriminator="by")
]


def measure(measurement: Measurement, rows: pd.DataFrame) -> Number:
    """Returns the number that a measurement reads from rows.

    Args:
        measurement: What to compute.
        rows: The table; rows that its ``where`` excludes are ignored.

    Returns:
        The number, its interval and its n.

    Raises:
        ValueError: If no rows are left, or several where one is expected.
        KeyError: If the table lacks a column.

    Examples:
        >>> rows = pd.DataFrame({"correct": [True, True, True, False]})
        >>> number = measure(Share(by="share", of="digits.test_examples", value="correct"), rows)
        >>> number.value, number.n
        (0.75, 4)
    """
    selected = select(rows, measurement.where)
    if selected.empty:
        raise ValueError(
            f"Expected rows of {measurement.of} where {measurement.where}. Received: none"
        )
    if isinstance(measurement, Cell):
        return _cell(measurement, selected)
    if isinstance(measurement, Share):
        return _share(measurement, selected)
    if isinstance(measurement, Mean):
        values = selected[measurement.value].to_numpy(float)
        return _mean(values, _units(selected, measurement.unit), measurement.bounds or UNBOUNDED)
    if isinstance(measurement, Difference):
        return _difference(measurement, selected)
    if isinstance(measurement, Change):
        column, lowest = selected[measurement.value], selected[measurement.lowest]
        return Number(float(column.iloc[-1] - column.iloc[int(lowest.argmin())]), n=1)
    return _ordering(measurement, selected)


def select(rows: pd.DataFrame, where: Mapping[str, Level | tuple[Level, ...]]) -> pd.DataFrame:
    """Returns the rows whose columns have the given values, numbers up to their rounding."""
    for column, wanted in where.items():
        levels = wanted if isinstance(wanted, tuple) else (wanted,)
        rows = rows[[any(_same(value, level) for level in levels) for value in rows[column]]]
    return rows


def _same(value: object, level: Level) -> bool:
    if isinstance(level, (str, bool)) or isinstance(value, (str, bool, np.bool)):
        return bool(value == level)
    return bool(np.isclose(float(value), level, rtol=NEAR, atol=0.0))  # type: ignore[arg-type]


def _cell(measurement: Cell, rows: pd.DataFrame) -> Number:
    if len(rows) != 1:
        raise ValueError(f"Expected one row of {measurement.of}. Received: {len(rows)}")
    row = rows.iloc[0]
    value = float(row[measurement.value]) - (
        float(row[measurement.minus]) if measurement.minus else 0.0
    )
    low, high = (float(row[name]) if name else None for name in (measurement.low, measurement.high))
    return Number(value, low, high, int(row[measurement.n]) if measurement.n else None)


def _share(measurement: Share, rows: pd.DataFrame) -> Number:
    successes = int(rows[measurement.value].sum())
    total = int(rows[measurement.total].sum()) if measurement.total else len(rows)
    return Number(successes / total, *wilson_interval(successes, total), total)


def _mean(values: Array, units: Array, bounds: tuple[float, float] = UNBOUNDED) -> Number:
    """Returns the mean of the values; the interval resamples units, of which each has a weight."""
    sums = pd.DataFrame({"unit": units, "sum": values, "count": 1.0}).groupby("unit").sum()
    if len(sums) < 2:
        return Number(float(values.mean()), n=len(sums))
    low, high = bootstrap_interval(
        lambda total, count: float(total.sum() / count.sum()),
        sums["sum"].to_numpy(),
        sums["count"].to_numpy(),
        seed=SEED,
        bounds=bounds,
    )
    return Number(float(values.mean()), low, high, len(sums))


def _units(rows: pd.DataFrame, column: str | None) -> Array:
    return rows[column].to_numpy() if column else np.arange(len(rows))


def _difference(measurement: Difference, rows: pd.DataFrame) -> Number:
    keys = list(dict.fromkeys([*measurement.pair, *filter(None, [measurement.unit])]))
    values = rows[measurement.value] - (rows[measurement.minus] if measurement.minus else 0.0)
    rows = rows.assign(_value=values)
    first, second = (
        select(rows, where)[[*keys, "_value"]] for where in (measurement.first, measurement.second)
    )
    pairs = first.merge(second, on=keys, validate="one_to_one")
    if pairs.empty:
        raise ValueError(f"Expected pairs of rows of {measurement.of}. Received: none")
    differences = (pairs["_value_x"] - pairs["_value_y"]).to_numpy(float)
    return _mean(differences, _units(pairs, measurement.unit))


def _ordering(measurement: Ordering, rows: pd.DataFrame) -> Number:
    labels = rows[measurement.label].to_list()
    before = [index for index, label in enumerate(labels) if _in(label, measurement.before)]
    if measurement.after:
        after = [index for index, label in enumerate(labels) if _in(label, measurement.after)]
    else:
        after = [index for index in range(len(labels)) if index not in before]
    if not before or not after:
        raise ValueError(f"Expected rows {measurement.before} and others. Received: {labels}")
    sign = -1.0 if measurement.descending else 1.0
    value, low, high = (
        sign * rows[name or measurement.value].to_numpy(float)
        for name in (measurement.value, measurement.low, measurement.high)
    )
    if measurement.descending:
        low, high = high, low
    pairs = [(first, second) for first in before for second in after]
    in_order = [value[first] < value[second] for first, second in pairs]
    certain = [high[first] < low[second] for first, second in pairs]
    possible = [low[first] <= high[second] for first, second in pairs]
    value_share, low_share, high_share = (
        float(np.mean(flags)) for flags in (in_order, certain, possible)
    )
    n = int(rows[measurement.n].max()) if measurement.n else None
    return Number(value_share, low_share, high_share, n)


def _in(label: object, levels: tuple[Level, ...]) -> bool:
    return any(_same(label, level) for level in levels)

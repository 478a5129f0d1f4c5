"""How the page writes numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from atelier.report.experiments import Measure, Table

SCALES = {"": 1.0, "%": 100.0, "‰": 1000.0}


@dataclass(frozen=True)
class Value:
    """A number as it is shown; ``bar`` is its place and its interval's in [0, 1], if it has one."""

    label: str
    text: str
    interval: str
    n: str
    bar: tuple[float, float, float] | None


def format_measure(measure: Measure, metrics: Mapping[str, Any]) -> Value:
    """The measure as text: value, interval, n.

    Raises:
        KeyError: The metrics lack it: the message names those that are there.
    """
    if measure.value not in metrics:
        raise KeyError(
            f"Expected '{measure.value}' in {measure.of}. Received: {', '.join(metrics)}"
        )
    value = float(metrics[measure.value])
    name = measure.interval or measure.value
    low, high = (metrics.get(f"{name}_{end}") for end in ("low", "high"))
    bar = None
    if low is not None and high is not None and min(low, value) >= 0 and max(high, value) <= 1:
        bar = (value, float(low), float(high))
    return Value(
        label=measure.label,
        text=format_number(value, measure),
        interval=_format_interval(low, high, measure),
        n=f"{metrics[measure.n]:,.0f}" if measure.n in metrics else "",
        bar=bar,
    )


def _format_interval(low: float | None, high: float | None, measure: Measure) -> str:
    if low is None or high is None:
        return ""
    return " … ".join(format_number(end, measure, unit=False) for end in (low, high))


def format_number(value: float, measure: Measure, *, unit: bool = True) -> str:
    """A value at the measure's scale and digits, with a real minus."""
    if not math.isfinite(value):
        return "not finite"
    text = f"{SCALES[measure.unit] * value:,.{measure.digits}f}".replace("-", "−")
    return f"{text} {measure.unit}".rstrip() if unit else text


def table_rows(table: Table, frame: pd.DataFrame) -> list[list[str]]:
    """The first rows of the table's columns, as text.

    Raises:
        KeyError: The frame lacks a column: the message names those that are there.
    """
    missing = [name for name in table.columns if name not in frame]
    if missing:
        raise KeyError(
            f"Expected columns {missing} in {table.of}. Received: {', '.join(map(str, frame))}"
        )
    chosen = frame[list(table.columns)].head(table.rows)
    return [[format_cell(value) for value in row] for row in chosen.itertuples(index=False)]


def format_cell(value: Any) -> str:
    """A value of a table: four significant digits, nothing for what is missing."""
    if isinstance(value, str):
        return value
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (bool, np.bool)):
        return "yes" if value else "no"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e6
        return (f"{value:,.0f}" if whole else f"{value:.4g}").replace("-", "−")
    return f"{value:,}" if isinstance(value, int) else str(value)

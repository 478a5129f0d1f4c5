"""Numbers and table cells as the page shows them."""

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
    """A number as text; ``bar`` has the value and its interval in [0, 1], where they lie there."""

    label: str
    text: str
    interval: str
    n: str
    bar: tuple[float, float, float] | None


def find_metric(measure: Measure, metrics: Mapping[str, Any]) -> str | None:
    """Returns the name of the first metric that a measure fits; None if there is none.

    Args:
        measure: Which metric to show.
        metrics: Numbers by name.

    Examples:
        >>> measure = Measure(of="style.paintings_metrics", value="*.style_error", label="of *")
        >>> find_metric(measure, {"gogh.content_error": 0.5, "gogh.style_error": 2.4})
        'gogh.style_error'
    """
    start, asterisk, end = measure.value.partition("*")
    if not asterisk:
        return measure.value if measure.value in metrics else None
    fitting = (
        name
        for name in metrics
        if name.startswith(start) and name.endswith(end) and len(name) > len(start + end)
    )
    return next(fitting, None)


def format_measure(measure: Measure, metrics: Mapping[str, Any]) -> Value:
    """Formats a measure: its value, its interval, and its n.

    Args:
        measure: Which metric to show, and in which unit.
        metrics: Numbers by name.

    Raises:
        KeyError: If the metrics lack the measure. The message lists their names.

    Examples:
        >>> measure = Measure(of="digits.test_metrics", value="accuracy", label="right", unit="%")
        >>> format_measure(measure, {"accuracy": 0.98, "accuracy_low": 0.97, "accuracy_high": 0.99})
        Value(label='right', text='98.00 %', interval='97.00 … 99.00', n='', bar=(0.98, 0.97, 0.99))
    """
    name = find_metric(measure, metrics)
    if name is None:
        raise KeyError(
            f"Expected '{measure.value}' in {measure.of}. Received: {', '.join(metrics)}"
        )
    value = float(metrics[name])
    interval = measure.interval or name
    low, high = (metrics.get(f"{interval}_{end}") for end in ("low", "high"))
    start, _, end = measure.value.partition("*")
    return Value(
        label=measure.label.replace("*", name.removeprefix(start).removesuffix(end)),
        text=format_number(value, measure),
        interval=_format_interval(low, high, measure),
        n=f"{metrics[measure.n]:,.0f}" if measure.n in metrics else "",
        bar=_bar(value, low, high),
    )


def _bar(value: float, low: float | None, high: float | None) -> tuple[float, float, float] | None:
    if low is None or high is None or min(low, value) < 0 or max(high, value) > 1:
        return None
    return (value, float(low), float(high))


def _format_interval(low: float | None, high: float | None, measure: Measure) -> str:
    if low is None or high is None:
        return ""
    return " … ".join(format_number(end, measure, unit=False) for end in (low, high))


def format_number(value: float, measure: Measure, *, unit: bool = True) -> str:
    """Formats a value at the measure's scale and digits, with a minus sign instead of a hyphen.

    Args:
        value: The number, unscaled.
        measure: The unit and the number of digits.
        unit: Whether the unit follows the number.

    Returns:
        The number as text; "not finite" for infinities and NaN.
    """
    if not math.isfinite(value):
        return "not finite"
    text = f"{SCALES[measure.unit] * value:,.{measure.digits}f}".replace("-", "−")
    return f"{text} {measure.unit}".rstrip() if unit else text


def table_rows(table: Table, frame: pd.DataFrame) -> list[list[str]]:
    """Returns the first rows of the table's columns as text.

    Raises:
        KeyError: If the frame lacks a column. The message lists its columns.
    """
    missing = [name for name in table.columns if name not in frame]
    if missing:
        raise KeyError(
            f"Expected columns {missing} in {table.of}. Received: {', '.join(map(str, frame))}"
        )
    subset = frame[list(table.columns)].head(table.rows)
    return [[format_cell(value) for value in row] for row in subset.itertuples(index=False)]


def format_cell(value: Any) -> str:
    """Formats a value of a table: four significant digits, nothing for a missing value.

    Examples:
        >>> [format_cell(value) for value in (0.123456, True, None, 12345)]
        ['0.1235', 'yes', '', '12,345']
    """
    if isinstance(value, str):
        return value
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (bool, np.bool)):
        return "yes" if value else "no"
    if isinstance(value, float):
        is_whole = value.is_integer() and abs(value) < 1e6
        return (f"{value:,.0f}" if is_whole else f"{value:.4g}").replace("-", "−")
    return f"{value:,}" if isinstance(value, int) else str(value)

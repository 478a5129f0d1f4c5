"""The page of a comparison: runs, differences, metrics with intervals, figures side by side."""

import io
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from atelier.comparison.differences import count_equal_parameters
from atelier.comparison.formatting import (
    format_difference,
    format_limits,
    format_moment,
    format_value,
)
from atelier.comparison.metrics import metrics_of_one, summarize_differences
from atelier.comparison.params import ComparisonParams
from atelier.comparison.records import LABELS, Comparison, RunComparison
from atelier.report.embedding import picture_address
from atelier.report.page import page_style, templates

WIDTH = 1000
"""Largest width of a picture in pixels."""
MANY = 12
"""More metrics without pairs than these are folded."""


@dataclass(frozen=True)
class MetricRow:
    """A metric as the page shows it; ``bar`` has the limits and the difference in [0, 1]."""

    metric: str
    baseline: str
    baseline_limits: str
    value: str
    value_limits: str
    difference: str
    limits: str
    n: str
    is_clear: bool
    bar: tuple[float, float, float] | None
    reason: str


@dataclass(frozen=True)
class Contrast:
    """A run against the baseline."""

    label: str
    summary: str
    paired: list[MetricRow]
    unpaired: dict[str, list[MetricRow]]
    equal: list[str]
    missing: list[str]


@dataclass(frozen=True)
class FigurePair:
    """Pictures of one path, each under its run's letter; None where a run has no such picture."""

    path: str
    pictures: list[tuple[str, tuple[str, int, int] | None]]


@dataclass(frozen=True)
class ComparisonSection:
    """What the template shows of an experiment."""

    number: int
    comparison: RunComparison
    labels: str
    conditions: list[tuple[str, list[str | None]]]
    parameters: list[tuple[str, list[str | None]]]
    equal_parameters: int
    contrasts: list[Contrast]
    figures: list[FigurePair]
    equal_figures: list[str]


def render_comparison(
    comparison: Comparison,
    metrics: pd.DataFrame,
    parameters: pd.DataFrame,
    params: ComparisonParams,
) -> str:
    """Returns the page of a comparison as HTML that loads nothing else.

    Args:
        comparison: The runs.
        metrics: Rows of :func:`atelier.comparison.compare_metrics`, with ``experiment``, the title
            of the comparison, and ``label``, the letter of the run that is compared with A.
        parameters: Rows of :func:`atelier.comparison.parameter_differences`, with ``experiment``.
        params: Resamples and seed of the bootstrap.

    Returns:
        HTML.
    """
    sections = [
        build_pair_section(
            number,
            item,
            metrics[metrics["experiment"] == item.title],
            parameters[parameters["experiment"] == item.title],
        )
        for number, item in enumerate(comparison.experiments)
    ]
    template = templates("atelier.comparison").get_template("page.html.j2")
    return template.render(
        style=page_style(),
        comparison=comparison,
        labels=LABELS[: len(comparison.named)],
        sections=sections,
        params=params,
        moment=format_moment,
        intervals=int(metrics["low"].notna().sum()),
    )


def build_pair_section(
    number: int, comparison: RunComparison, metrics: pd.DataFrame, parameters: pd.DataFrame
) -> ComparisonSection:
    """Returns what the page shows of an experiment.

    Args:
        number: Of the section, from 0.
        comparison: The experiment's runs.
        metrics: Its rows of the table of metrics.
        parameters: Its rows of the table of parameters.

    Returns:
        The section; its rows are formatted.
    """
    labels = LABELS[: len(comparison.runs)]
    rows = {kind: _texts(group, labels) for kind, group in parameters.groupby("kind")}
    equal, different = _figures(comparison, labels)
    return ComparisonSection(
        number=number,
        comparison=comparison,
        labels=labels,
        conditions=rows.get("condition", []),
        parameters=rows.get("parameter", []),
        equal_parameters=count_equal_parameters(comparison.runs),
        contrasts=[
            _contrast(label, comparison, metrics[metrics["label"] == label])
            for label in comparison.others
        ],
        figures=different,
        equal_figures=equal,
    )


def _texts(rows: pd.DataFrame, labels: str) -> list[tuple[str, list[str | None]]]:
    cells = rows[["name", *labels]].itertuples(index=False)
    return [
        (str(name), [None if pd.isna(value) else str(value) for value in values])
        for name, *values in cells
    ]


def _contrast(label: str, comparison: RunComparison, table: pd.DataFrame) -> Contrast:
    has_pairs = table["reason"] == ""
    is_equal = table["difference"] == 0
    paired = [_metric_row(row) for row in _records(table[has_pairs])]
    unpaired: dict[str, list[MetricRow]] = {}
    for row in map(_metric_row, _records(table[~has_pairs & ~is_equal])):
        unpaired.setdefault(row.reason, []).append(row)
    pair = comparison.baseline, comparison.others[label]
    return Contrast(
        label=label,
        summary=summarize_differences(label, table),
        paired=paired,
        unpaired=unpaired,
        equal=[str(name) for name in table.loc[~has_pairs & is_equal, "metric"]],
        missing=metrics_of_one(*pair),
    )


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _metric_row(row: dict[str, Any]) -> MetricRow:
    low, high = row["low"], row["high"]
    return MetricRow(
        metric=row["metric"],
        baseline=format_value(row["baseline"]),
        baseline_limits=format_limits(row["baseline_low"], row["baseline_high"]),
        value=format_value(row["value"]),
        value_limits=format_limits(row["value_low"], row["value_high"]),
        difference=format_difference(row["difference"]),
        limits=format_limits(low, high, signed=True),
        n=format_value(row["n"]),
        is_clear=low > 0 or high < 0,
        bar=_bar(row["difference"], low, high),
        reason=row["reason"],
    )


def _bar(difference: float, low: float, high: float) -> tuple[float, float, float] | None:
    """Returns lower limit, difference and upper limit on a scale whose middle, 0.5, is 0."""
    if math.isnan(low):
        return None
    reach = 2.2 * max(abs(low), abs(high), abs(difference)) or 1.0
    return (0.5 + low / reach, 0.5 + difference / reach, 0.5 + high / reach)


def _figures(comparison: RunComparison, labels: str) -> tuple[list[str], list[FigurePair]]:
    """Returns the paths of pictures that are equal in all runs, and the others side by side."""
    paths = dict.fromkeys(path for run in comparison.runs for path in run.figures)
    contents = {path: [run.figures.get(path) for run in comparison.runs] for path in paths}
    equal = [path for path, items in contents.items() if len(set(items)) == 1]
    different = [
        FigurePair(
            path, [(label, _address(item)) for label, item in zip(labels, items, strict=True)]
        )
        for path, items in contents.items()
        if path not in equal
    ]
    return equal, different


def _address(content: bytes | None) -> tuple[str, int, int] | None:
    return None if content is None else picture_address(io.BytesIO(content), width=WIDTH)

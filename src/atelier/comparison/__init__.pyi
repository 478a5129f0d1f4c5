from . import figures as figures
from .differences import count_equal_parameters, parameter_differences
from .intervals import paired_intervals
from .metrics import compare_metrics, summarize_differences
from .page import render_comparison
from .pairing import ExamplePairs, pair_examples
from .params import ComparisonParams
from .records import (
    Comparison,
    Link,
    PublishedComparison,
    RecordedRun,
    RunComparison,
    link_runs,
)
from .requests import parse_run_ids
from .tables import comparison_tables

__all__ = [
    "Comparison",
    "ComparisonParams",
    "ExamplePairs",
    "Link",
    "PublishedComparison",
    "RecordedRun",
    "RunComparison",
    "compare_metrics",
    "comparison_tables",
    "count_equal_parameters",
    "figures",
    "link_runs",
    "pair_examples",
    "paired_intervals",
    "parameter_differences",
    "parse_run_ids",
    "render_comparison",
    "summarize_differences",
]

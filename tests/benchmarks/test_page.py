"""The page of benchmarks is made of their results."""

import json

import page
import pytest
import run

RESULTS = json.loads(page.RESULTS.read_text("utf-8"))


def test_the_page_has_the_tables_of_the_results():
    text = page.PAGE.read_text("utf-8")
    assert page.with_tables(text, RESULTS) == text


def test_every_benchmark_of_the_command_has_a_title():
    assert tuple(page.TITLES) == run.BENCHMARKS


def test_a_row_shows_times_ratio_and_agreement():
    row = {"name": "sum", "repeats": 3, "ours": 0.002, "ours_range": [0.001, 0.003]}
    row |= {"peer": "numpy 2", "theirs": 1.5, "theirs_range": [1, 2], "ratio": 750.0}
    row |= {"ratio_range": [700.0, 800.0], "compared": "largest difference", "difference": 0.0}
    row |= {"tolerance": 1e-9, "numbers": {"size": 3}}
    assert page.table_row(row) == (
        "| sum | 2\N{NO-BREAK SPACE}ms | numpy 2 | 1.5\N{NO-BREAK SPACE}s | 750 (700 to 800) | "
        "largest difference 0 (at most 1e-09); size 3 |"
    )


def test_a_page_without_markers_is_refused():
    with pytest.raises(ValueError, match="Expected one <!-- benchmarks -->"):
        page.with_tables("# Benchmarks\n", {})

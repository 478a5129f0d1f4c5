"""What a benchmark writes of its measurements."""

import argparse
import json
import math

import pytest
import rows
from rows import Row


def test_a_row_has_medians_their_ratio_and_the_spread_of_the_turns():
    row = Row("sum", [2.0, 1.0, 4.0], "peer 1.0", [6.0, 5.0, 4.0], "difference", 0.0, 0.1)
    assert row.as_data() == {
        "name": "sum",
        "repeats": 3,
        "ours": 2.0,
        "ours_range": [1.0, 4.0],
        "peer": "peer 1.0",
        "theirs": 5.0,
        "theirs_range": [4.0, 6.0],
        "ratio": 2.5,
        "ratio_range": [1.0, 5.0],  # 4 / 4 and 5 / 1
        "compared": "difference",
        "difference": 0.0,
        "tolerance": 0.1,
    }


def test_a_row_without_a_peer_has_its_own_seconds_and_numbers():
    data = Row("sum", [0.123456789], numbers={"size": 1.5}).as_data()
    assert data == {
        "name": "sum",
        "repeats": 1,
        "ours": 0.12346,
        "ours_range": [0.12346, 0.12346],
        "numbers": {"size": 1.5},
    }


@pytest.mark.parametrize("difference", [0.2, math.nan])
def test_results_that_differ_end_the_benchmark(difference):
    with pytest.raises(SystemExit, match=r"at most 0\.1\. Received"):
        rows.require_agreement(Row("sum", [1.0], "peer", [1.0], "difference", difference, 0.1))


def test_results_that_may_differ_or_agree_do_not_end_it():
    for tolerance in (None, 0.3):
        rows.require_agreement(Row("sum", [1.0], "peer", [1.0], "difference", 0.2, tolerance))


def test_functions_are_called_in_turns():
    called = []

    def call(name, seconds):
        called.append(name)
        return seconds

    seconds = rows.take_turns(2, lambda: call("a", 1.0), lambda: call("b", 2.0))
    assert called == ["a", "b", "a", "b"]
    assert seconds == [[1.0, 1.0], [2.0, 2.0]]


def test_rows_are_written_where_a_file_is_named(tmp_path):
    rows.write_rows(None, [Row("sum", [1.0])])
    path = tmp_path / "rows.json"
    rows.write_rows(path, [Row("sum", [1.0])])
    assert [row["name"] for row in json.loads(path.read_text("utf-8"))] == ["sum"]


def test_every_benchmark_has_the_same_options():
    parser = rows.benchmark_parser("Text.", repeats=4)
    assert isinstance(parser, argparse.ArgumentParser)
    assert parser.parse_args([]).repeats == 4
    options = parser.parse_args(["--tiny", "--repeats", "2", "--json", "a.json"])
    assert (options.tiny, options.repeats, options.json.name) == (True, 2, "a.json")

"""Numbers from small tables, against values by hand."""

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

from atelier.report.claims.measurement import Measurement, measure

READ = TypeAdapter(Measurement)


def measured(rows: dict, **content):
    return measure(READ.validate_python({"of": "a.b_table"} | content), pd.DataFrame(rows))


def test_a_cell_is_the_value_of_the_only_row_with_its_columns():
    rows = {
        "method": ["a", "b"],
        "ece": [0.1, 0.2],
        "low": [0.0, 0.1],
        "high": [0.2, 0.3],
        "n": [9, 9.0],
    }
    content = {"by": "cell", "value": "ece", "low": "low", "high": "high", "n": "n"}
    assert measured(rows, where={"method": "b"}, **content) == (0.2, 0.1, 0.3, 9)
    with pytest.raises(ValueError, match=r"Expected one row of a.b_table\. Received: 2"):
        measured(rows, **content)
    with pytest.raises(ValueError, match="Received: none"):
        measured(rows, where={"method": "c"}, **content)


def test_a_cell_may_be_the_difference_of_two_columns():
    assert measured({"a": [3.0], "b": [1.0]}, by="cell", value="a", minus="b").value == 2.0


def test_a_share_has_wilsons_interval():
    number = measured({"right": [True] * 9 + [False]}, by="share", value="right")
    assert number.value == 0.9
    assert (round(number.low, 3), round(number.high, 3), number.n) == (0.596, 0.982, 10)


def test_a_share_of_sums_counts_the_total():
    number = measured({"apart": [1, 2], "pairs": [2, 4]}, by="share", value="apart", total="pairs")
    assert (number.value, number.n) == (0.5, 6)


def test_a_mean_resamples_units_and_not_rows():
    rows = {"value": [0.0, 0.0, 0.0, 1.0, 1.0, 1.0], "image": list("aaabbb")}
    number = measured(rows, by="mean", value="value", unit="image")
    assert (number.value, number.n) == (0.5, 2)
    assert number.high - number.low == pytest.approx(1.0)  # a sample of two images may be one twice


def test_a_difference_is_paired():
    rows = {
        "arm": ["with", "without"] * 3,
        "seed": [0, 0, 1, 1, 2, 2],
        "error": [0.5, 0.6, 0.1, 0.2, 0.9, 1.0],
    }
    content = {"by": "difference", "value": "error", "pair": ["seed"]}
    number = measured(rows, first={"arm": "with"}, second={"arm": "without"}, **content)
    assert number.value == pytest.approx(-0.1)
    assert number.high - number.low == pytest.approx(0, abs=1e-9)  # every pair differs by as much
    assert number.n == 3


def test_one_pair_has_no_interval():
    rows = {"arm": ["a", "b"], "seed": [0, 0], "error": [0.5, 0.6]}
    number = measured(
        rows, by="difference", value="error", first={"arm": "a"}, second={"arm": "b"}, pair=["seed"]
    )
    assert number[1:] == (None, None, 1)


def test_a_change_is_the_last_value_less_that_of_the_lowest_row():
    rows = {"nll": [3.0, 1.0, 2.0, 4.0], "error": [0.9, 0.5, 0.4, 0.3]}
    assert measured(rows, by="change", value="nll", lowest="nll").value == 3.0
    assert measured(rows, by="change", value="error", lowest="nll").value == pytest.approx(-0.2)


def test_an_ordering_counts_pairs_in_order_surely_and_possibly():
    rows = {
        "method": ["first", "far", "near", "wrong"],
        "ece": [2.0, 5.0, 2.5, 1.0],
        "low": [1.5, 4.0, 1.8, 0.5],
        "high": [2.4, 6.0, 3.0, 1.2],
    }
    content = {"by": "ordering", "label": "method", "before": ["first"], "value": "ece"}
    number = measured(rows, low="low", high="high", **content)
    assert number.value == pytest.approx(2 / 3)  # after far and near, but not after wrong
    assert number.low == pytest.approx(1 / 3)  # only far does not overlap
    assert number.high == pytest.approx(2 / 3)  # wrong is certainly lower


def test_a_descending_ordering_is_the_same_from_high_to_low():
    rows = {"digit": ["1", "2", "3"], "deviation": [1.0, 9.0, 2.0]}
    content = {"by": "ordering", "label": "digit", "value": "deviation", "descending": True}
    assert measured(rows, before=["2"], **content)[:3] == (1, 1, 1)
    assert measured(rows, before=["3"], **content)[:3] == (0.5, 0.5, 0.5)


def test_a_level_matches_up_to_rounding_and_a_list_of_levels_matches_any():
    rows = {"rate": [0.1 + 0.2, 0.5, 1.0], "right": [1, 0, 0]}
    assert measured(rows, by="mean", value="right", where={"rate": 0.3}).value == 1.0
    assert measured(rows, by="mean", value="right", where={"rate": [0.3, 0.5]}).value == 0.5


def test_an_unknown_field_or_kind_is_refused():
    with pytest.raises(ValidationError, match="extra_forbidden"):
        READ.validate_python({"by": "share", "of": "a.b_table", "value": "x", "colour": "red"})
    with pytest.raises(ValidationError, match="union_tag_invalid"):
        READ.validate_python({"by": "guess", "of": "a.b_table", "value": "x"})


def test_numbers_are_no_numpy_types_that_json_refuses():
    number = measured({"a": np.array([1.0])}, by="cell", value="a")
    assert type(number.value) is float


def test_the_interval_of_a_mean_stays_within_its_bounds():
    """The basic bootstrap of shares near 1 leaves [0, 1] without them."""
    rows = pd.DataFrame({"confidence": [1.0] * 19 + [0.9]})
    free = measured(rows, by="mean", value="confidence")
    bounded = measured(rows, by="mean", value="confidence", bounds=[0, 1])
    assert free.high > 1
    assert (bounded.value, bounded.low, bounded.high) == (free.value, free.low, 1.0)

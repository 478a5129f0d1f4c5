"""Planted differences of runs; intervals against SciPy's."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from support.recorded import examples, recorded

from atelier.comparison import (
    Comparison,
    ComparisonParams,
    ExamplePairs,
    RunComparison,
    compare_metrics,
    comparison_tables,
    count_equal_parameters,
    figures,
    link_runs,
    paired_intervals,
    parameter_differences,
    parse_run_ids,
    render_comparison,
    summarize_differences,
)
from atelier.evaluation import expected_calibration_error

PARAMS = ComparisonParams(resamples=1000, seed=0)


def rows(baseline, other):
    return compare_metrics(baseline, other, PARAMS).set_index("metric")


def improved(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """The same results, but for ``count`` mistakes that became right."""
    better = table.copy()
    better.loc[better.index[~better["accuracy"]][:count], ["accuracy", "nll"]] = [True, 0.1]
    return better.astype(table.dtypes.to_dict())


def test_a_planted_difference_is_found_with_an_interval_that_only_pairs_can_give():
    """8 of 400 mistakes became right: no pair got worse, so the interval excludes 0."""
    first = examples()
    pair = (
        recorded("aaaa", examples={"test": first}),
        recorded("bbbb", examples={"test": improved(first, 8)}),
    )
    row = rows(*pair).loc["test/accuracy"]
    assert row["difference"] == pytest.approx(8 / 400)
    assert 0 < row["low"] < 8 / 400 < row["high"] < 0.04
    assert row["n"] == 400
    assert row["reason"] == ""
    assert row["value_low"] < row["baseline_high"], "unpaired, nothing is seen"
    assert rows(*pair).loc["test/nll", "difference"] == pytest.approx(-8 * 1.9 / 400, rel=1e-4)


def test_the_paired_interval_is_scipys_basic_bootstrap():
    rng = np.random.default_rng(1)
    baseline, other = rng.normal(size=300), rng.normal(0.2, size=300)
    params = ComparisonParams(resamples=4000, seed=0)
    ours = paired_intervals(ExamplePairs((baseline,), (other,)), params)
    theirs = scipy.stats.bootstrap(
        (baseline, other), lambda a, b, axis: b.mean(axis) - a.mean(axis),
        paired=True, method="basic", n_resamples=4000, vectorized=True, rng=rng,
    ).confidence_interval  # fmt: skip
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.05 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.05 * width)
    t = scipy.stats.ttest_rel(other, baseline).confidence_interval()
    assert ours.low == pytest.approx(t.low, abs=0.1 * width)
    assert ours.high == pytest.approx(t.high, abs=0.1 * width)


def test_equal_runs_differ_by_nothing():
    table = examples()
    row = rows(recorded("aaaa", examples={"test": table}),
               recorded("bbbb", examples={"test": table})).loc["test/accuracy"]  # fmt: skip
    assert row[["difference", "low", "high"]].tolist() == [0, 0, 0]


def test_a_calibration_error_is_paired_by_confidence_and_correctness():
    first, second = examples(seed=0), examples(seed=1)
    row = rows(recorded("aaaa", examples={"test": first}),
               recorded("bbbb", examples={"test": second})).loc["test/ece"]  # fmt: skip
    by_hand = [
        expected_calibration_error(
            table["confidence"].to_numpy(np.float64), table["accuracy"].to_numpy(np.int64)
        )
        for table in (first, second)
    ]
    assert row[["baseline", "value"]].tolist() == pytest.approx(by_hand)
    assert row["difference"] == pytest.approx(by_hand[1] - by_hand[0])
    assert row["low"] <= row["difference"] <= row["high"]


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (None, None, "neither run kept per-example results"),
        (examples(), None, "run bbbb kept no per-example results"),
        (None, examples(), "run aaaa kept no per-example results"),
        (examples(), examples(split="8a1b"), "the test splits differ: 5f2c (n = 400) and 8a1b"),
        (examples(), examples(300), "the test splits differ: 5f2c (n = 400) and 5f2c (n = 300)"),
        (examples(), examples().assign(accuracy=np.nan), "not every per-example result is"),
    ],
)
def test_what_cannot_be_paired_says_why_and_shows_the_interval_of_each(first, second, reason):
    logged = {"test/accuracy": 0.9, "test/accuracy_low": 0.87, "test/accuracy_high": 0.93}
    pair = [
        recorded(name, metrics=logged, examples={} if table is None else {"test": table})
        for name, table in (("aaaa", first), ("bbbb", second))
    ]
    table = rows(*pair)
    assert reason in table.loc["test/accuracy", "reason"]
    assert np.isnan(table.loc["test/accuracy", "low"])
    limits = ["baseline_low", "baseline_high", "value_low", "value_high"]
    assert table.loc["test/accuracy", limits].tolist() == [0.87, 0.93, 0.87, 0.93]
    assert "test/accuracy_low" not in table.index
    assert "No paired interval" in summarize_differences("B", table.iloc[:1].reset_index())


def test_the_interval_of_one_run_without_a_logged_one_is_wilsons():
    table = examples()
    row = rows(recorded("aaaa", examples={"test": table}),
               recorded("bbbb", metrics={"test/accuracy": 0.5})).loc["test/accuracy"]  # fmt: skip
    wilson = scipy.stats.binomtest(int(table["accuracy"].sum()), 400).proportion_ci(method="wilson")
    assert row[["baseline_low", "baseline_high"]].tolist() == pytest.approx(list(wilson))
    assert np.isnan(row["value_low"])


def test_parameters_and_conditions_that_differ_are_listed_and_no_others():
    first = recorded("aaaa", parameters={"seed": "0", "epochs": "3", "old": "1"},
                     conditions={"data": "mnist (digest 5f)", "environment": "base"})  # fmt: skip
    second = recorded("bbbb", parameters={"seed": "0", "epochs": "5"},
                      conditions={"data": "mnist (digest 8a)", "environment": "base"})  # fmt: skip
    table = parameter_differences([first, second])
    assert table["name"].tolist() == ["data", "epochs", "old"]
    assert table["kind"].tolist() == ["condition", "parameter", "parameter"]
    assert table["A"].tolist() == ["mnist (digest 5f)", "3", "1"]
    assert table["B"].iloc[:2].tolist() == ["mnist (digest 8a)", "5"]
    assert pd.isna(table["B"].iloc[2])
    assert count_equal_parameters([first, second]) == 1


@pytest.fixture(scope="module")
def three():
    """A baseline and two runs, each better by some images."""
    first = examples()
    runs = tuple(
        recorded(name * 4, began=began, parameters={"epochs": str(began)},
                 examples={"test": improved(first, count)}, metrics={"train/loss": 1.0 + began})
        for name, began, count in (("a", 2, 0), ("b", 3, 8), ("c", 1, 4))
    )  # fmt: skip
    return Comparison(runs, (RunComparison("train · digits", runs),))


def test_of_several_runs_each_is_compared_with_the_first(three):
    metrics, parameters = comparison_tables(three, PARAMS)
    accuracy = metrics[metrics["metric"] == "test/accuracy"]
    assert accuracy["label"].tolist() == ["B", "C"]
    assert accuracy["run_id"].tolist() == ["bbbb", "cccc"]
    assert accuracy["difference"].tolist() == pytest.approx([8 / 400, 4 / 400])
    assert parameters[["A", "B", "C"]].iloc[0].tolist() == ["2", "3", "1"]


def test_a_comparison_is_stored_with_the_run_that_began_last(three):
    assert three.newest.run_id == "bbbb"
    (link,) = link_runs(three)
    assert link.run.run_id == "bbbb"
    assert [run.run_id for run in link.others] == ["aaaa", "cccc"]


def test_the_page_says_all_of_it_and_loads_nothing(three):
    metrics, parameters = comparison_tables(three, PARAMS)
    page = render_comparison(three, metrics, parameters, PARAMS)
    for words in ("train · digits", "test/accuracy", "+0.02", "95 % paired interval", "epochs",
                  "neither run kept per-example results", "not\n  adjusted"):  # fmt: skip
        assert words in page
    assert "<script" not in page
    assert 'src="http' not in page


def test_the_figure_draws_a_line_for_each_paired_metric(three):
    metrics, _ = comparison_tables(three, PARAMS)
    (axes,) = figures.differences_figure(metrics, title="three runs").axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert len(names) == metrics["low"].notna().sum()
    assert "test/accuracy · run B" in names


def test_a_figure_without_pairs_says_so():
    pair = recorded("aaaa", metrics={"x": 1.0}), recorded("bbbb", metrics={"x": 2.0})
    metrics, _ = comparison_tables(Comparison(pair, (RunComparison("x", pair),)), PARAMS)
    (axes,) = figures.differences_figure(metrics, title="two runs").axes
    assert "no metric has a paired interval" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1a2b3c4d", "Expected 2 to 10 run ids joined by +"),
        ("1a2b3c4d+1a2b3c4d", "Expected different runs"),
        ("1a2b3c4d+train", "Received: 'train'"),
        ("", "Received: ''"),
        ("1a2b,5e6f", "hexadecimal"),
    ],
)
def test_what_names_no_two_runs_is_told_in_words(text, words):
    with pytest.raises(ValueError, match="Expected") as caught:
        parse_run_ids(text)
    assert words in str(caught.value)

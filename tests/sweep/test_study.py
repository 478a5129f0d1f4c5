"""The analysis of tables with planted answers."""

import numpy as np
import pandas as pd
import pytest

from atelier.sweep.analysis import (
    accuracy_curves,
    best_learning_rates,
    members_at_best_rate,
    study_metrics,
)
from atelier.sweep.figures import learning_rate_figure, learning_rate_plot
from atelier.sweep.paired_comparison import dropout_effect
from atelier.sweep.summary import summarize_study

RATES = np.geomspace(1e-6, 1e-1, 51)
IMAGES = {"selection_images": 10_000, "test_images": 20_000}


def table(accuracy, *, optimizer="sgd", dropout=0.0, seeds=(0,), ece=None, noise=0.0):
    """One arm whose accuracy is a function of log10 of the rate."""
    rng = np.random.default_rng(1)
    rows = []
    for seed in seeds:
        for rate in RATES:
            level = accuracy(np.log10(rate))
            rows.append(
                {
                    "optimizer": optimizer,
                    "dropout": dropout,
                    "learning_rate": rate,
                    "seed": seed,
                    "train_loss": 1.0,
                    "selection_accuracy": level,
                    "test_accuracy": level + noise * rng.normal(),
                    "test_nll": 1.0,
                    "test_ece": 0.05 if ece is None else ece(np.log10(rate)),
                    "diverged": level == 0,
                }
            )
    return pd.DataFrame(rows)


def hill(centre, *, top=0.8, slope=0.2, flat=0.0):
    return lambda x: max(0.0, top - slope * max(0.0, abs(x - centre) - flat))


@pytest.mark.parametrize("centre", [-4, -3, -2])
def test_the_best_rate_and_its_plateau_are_those_that_were_planted(centre):
    (row,) = best_learning_rates(table(hill(centre, flat=0.5)), **IMAGES).to_dict("records")
    assert abs(np.log10(row["best_rate"]) - centre) <= 0.5 + 1e-9
    # half a decade each way is level and costs nothing, .05 more costs one point
    assert row["plateau_decades"] == pytest.approx(1.0, abs=0.1 + 1e-9)
    assert row["edge"] == ""
    assert row["as_good_low"] == pytest.approx(10.0 ** (centre - 0.5))
    assert row["as_good_high"] == pytest.approx(10.0 ** (centre + 0.5))


@pytest.mark.parametrize(
    ("centre", "edge", "words"),
    [
        (-1, "highest", "reach the highest rate of the grid: SGD without dropout"),
        (-6, "lowest", "reach the lowest rate of the grid: SGD without dropout"),
        (0, "highest", "reach the highest rate of the grid: SGD without dropout"),
        (-3, "", ""),
    ],
)
def test_a_best_at_the_end_of_the_range_is_called_so(centre, edge, words):
    (row,) = best_learning_rates(table(hill(centre)), **IMAGES).to_dict("records")
    assert row["edge"] == edge
    summary = summarize_study(
        best_learning_rates(table(hill(centre)), **IMAGES),
        NO_EFFECT,
        NO_COLLAPSE,
        test_images=20_000,
    )
    assert words in summary
    assert ("There the grid, and not the optimizer, sets the limit" in summary) == bool(edge)


NO_EFFECT = pd.DataFrame(columns=["comparison"])
NO_COLLAPSE = pd.DataFrame(columns=["trainings"])


def test_a_second_hill_does_not_widen_the_plateau_of_the_first():
    twin = lambda x: max(hill(-5, slope=1)(x), hill(-2, top=0.801, slope=1)(x))  # noqa: E731
    (row,) = best_learning_rates(table(twin), **IMAGES).to_dict("records")
    assert row["best_rate"] == pytest.approx(1e-2)
    assert row["as_good_low"] > 1e-4


def test_the_best_calibrated_rate_is_sought_where_something_was_learnt():
    """Far from all learning, where accuracy is 0, the error is planted to be 0 too."""
    ece = lambda x: 0.0 if x < -5 else 0.02 + 0.03 * abs(x + 3.5)  # noqa: E731
    (row,) = best_learning_rates(table(hill(-3, slope=0.3), ece=ece), **IMAGES).to_dict("records")
    assert row["best_rate"] == pytest.approx(1e-3)
    assert np.log10(row["calibrated_rate"]) == pytest.approx(-3.5, abs=0.05)


def test_one_lucky_training_among_many_neighbours_makes_no_best_rate():
    """A thousand rates whose accuracies scatter by a point: the flat top is still result whole."""
    rng = np.random.default_rng(0)
    rates = np.geomspace(1e-6, 1e-1, 1000)
    truth = np.array([hill(-3, flat=1.0)(x) for x in np.log10(rates)])
    single_arm = pd.DataFrame(
        {"optimizer": "sgd", "dropout": 0.0, "learning_rate": rates, "seed": 0}
    )
    single_arm = single_arm.assign(selection_accuracy=truth + 0.01 * rng.normal(size=1000))
    single_arm.loc[100, "selection_accuracy"] = 0.9
    single_arm = single_arm.assign(test_accuracy=truth, train_loss=1.0, test_nll=1.0, test_ece=0.1)
    (row,) = best_learning_rates(single_arm.assign(diverged=False), **IMAGES).to_dict("records")
    assert abs(np.log10(row["best_rate"]) + 3) <= 1.05
    assert row["plateau_decades"] == pytest.approx(2.0, abs=0.25)


def test_the_rate_is_picked_on_the_selection_split_alone():
    single_arm = table(hill(-3))
    single_arm.loc[0, "test_accuracy"] = 1.0  # lucky on the test split
    (row,) = best_learning_rates(single_arm, **IMAGES).to_dict("records")
    assert row["best_rate"] == pytest.approx(1e-3)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_bands_hold_another_run_as_often_as_they_say(noise):
    """95 % of new members, judged by new images, lie in the band (1,000 rates, one seed)."""
    rng = np.random.default_rng(0)
    rates = np.geomspace(1e-6, 1e-1, 1000)
    line = 0.5 + 0.05 * (np.log10(rates) + 6)

    def drawn():
        return rng.binomial(2000, np.clip(line + noise * rng.normal(size=1000), 0, 1)) / 2000

    single_arm = pd.DataFrame(
        {"optimizer": "sgd", "dropout": 0.0, "learning_rate": rates, "seed": 0}
    )
    single_arm = single_arm.assign(test_accuracy=drawn(), selection_accuracy=line, train_loss=1.0)
    result = accuracy_curves(
        single_arm.assign(test_nll=1.0, test_ece=0.1, diverged=False), images=2000
    )
    level = (result["low"] + result["high"]) / 2
    half = (result["high"] - result["low"]) / 2
    assert (np.abs(line - level) <= half).mean() > 0.95  # about the truth, wide enough
    assert 1.9 * noise < half.mean() < 1.96 * (noise + 3 * np.sqrt(0.25 / 2000)) + 1e-9


def test_diverged_members_are_counted():
    result = accuracy_curves(table(hill(-5, slope=0.4)), images=100)
    share = best_learning_rates(table(hill(-5, slope=0.4)), **IMAGES)["diverged"][0]
    assert share == result["diverged"].mean() == np.mean(np.log10(RATES) >= -3 - 1e-9)


def test_dropouts_effect_is_the_planted_one_both_ways():
    """Moved by one decade: equal at each arm's best, very unequal at equal rates."""
    plain = table(hill(-3), dropout=0.0)
    moved = table(hill(-2), dropout=0.5)
    combined = pd.concat([plain, moved], ignore_index=True)
    rng = np.random.default_rng(0)
    images = 4000
    best = best_learning_rates(combined, **IMAGES)
    correct = rng.random((len(combined), images)) < combined["test_accuracy"].to_numpy()[:, None]
    result = dropout_effect(combined, correct, best, seed=0).set_index("comparison")
    truth = (moved["test_accuracy"] - plain["test_accuracy"]).mean()
    equal, at_best = result.loc["at equal rates"], result.loc["at own best"]
    assert equal["effect"] == pytest.approx(truth)
    assert equal["pairs"] == len(RATES)
    assert at_best["low"] < 0 < at_best["high"]
    assert at_best["pairs"] == images
    # two arms of accuracy .8 on 4,000 images each: ± 1.96 · √(2 · .16 / 4000)
    assert (at_best["high"] - at_best["low"]) / 2 == pytest.approx(
        1.96 * np.sqrt(0.32 / 4000), rel=0.15
    )


def test_pairs_are_of_one_seed_and_one_rate_whatever_the_order_of_rows():
    plain = table(hill(-3), seeds=(0, 1), noise=0.02)
    better = plain.assign(dropout=0.5, test_accuracy=plain["test_accuracy"] + 0.03)
    combined = pd.concat([plain, better.sample(frac=1, random_state=0)], ignore_index=True)
    correct = np.zeros((len(combined), 10), bool)
    result = dropout_effect(combined, correct, best_learning_rates(combined, **IMAGES), seed=0)
    row = result[result["comparison"] == "at equal rates"].iloc[0]
    assert row["low"] == pytest.approx(0.03)
    assert row["high"] == pytest.approx(0.03)


def summary(best, effect=NO_EFFECT, collapse=NO_COLLAPSE):
    return summarize_study(best, effect, collapse, test_images=20_000)


def three_arms(seeds):
    arms = [
        table(hill(-3, top=top), optimizer=name, seeds=seeds) for name, top in ACCURACIES.items()
    ]
    return best_learning_rates(pd.concat(arms, ignore_index=True), **IMAGES)


def test_the_summary_names_the_most_accurate_arm_its_interval_and_what_overlaps():
    words = summary(three_arms(seeds=(0, 1)))
    assert "Adam without dropout is the most accurate: 80.0% (79.4% to 80.5%, n = 20,000" in words
    assert "overlaps with that of Adagrad without dropout." in words
    assert "SGD" not in words.split("overlaps")[1].splitlines()[0]


def test_the_summary_names_all_arms_with_the_widest_plateau():
    words = summary(three_arms(seeds=(0, 1)).assign(plateau_decades=[0.5, 1.0, 1.0]))
    assert (
        "- Adagrad without dropout and SGD without dropout have the widest plateau: 1.0 decades"
        in words
    )


@pytest.mark.parametrize(
    "seeds", [[1, 1, 1], [1, 5, 5], [5, 5, 1]], ids=["all", "the best", "the worst"]
)
def test_no_sentence_compares_arms_if_one_of_them_has_one_seed(seeds):
    effect = pd.DataFrame(
        {
            "comparison": ["at own best"],
            "optimizer": "sgd",
            "effect": 0.02,
            "low": 0.01,
            "high": 0.03,
        }
    )
    words = summary(three_arms(seeds=(0, 1)).assign(seeds=seeds), effect)
    for comparing in ("most accurate:", "widest", "overlap", "lead", "Effect of dropout"):
        assert comparing not in words
    assert words.startswith("- One seed: the differences between the arms rest on one training")
    assert "Adam without dropout: 80.0% (79.4% to 80.5%, n = 20,000 test images)" in words
    assert "as a description of one seed: SGD +2.0 (+1.0 to +3.0)" in words


@pytest.mark.parametrize(
    ("deviation", "relation"), [(0.001, "more than chance"), (0.003, "not more than chance")]
)
def test_a_comparison_says_how_many_points_are_chance(deviation, relation):
    """The lead is .3 points; two means over 4 seeds differ by chance by 1.96 · σ · √(2 / 4)."""
    words = summary(three_arms(seeds=(0, 1)).assign(seeds=4, deviation=deviation))
    assert f"{deviation * 100:.1f} points (Adam without dropout, 4 seeds)" in words
    assert f"Adam without dropout over Adagrad without dropout, 0.3 points, is {relation}:" in words
    assert f"1.96 standard errors over seeds are {196 * deviation * 0.5**0.5:.1f}." in words


def test_the_deviation_is_that_of_the_accuracies_of_the_best_rate_over_seeds():
    arm = table(hill(-3), seeds=(0, 1, 2))
    at_best = np.isclose(arm["learning_rate"], 1e-3)
    arm.loc[at_best, "test_accuracy"] = [0.7, 0.8, 0.9]
    (row,) = best_learning_rates(arm, **IMAGES).to_dict("records")
    assert row["seeds"] == 3
    assert row["deviation"] == pytest.approx(0.1)


ACCURACIES = {"adam": 0.8, "adagrad": 0.797, "sgd": 0.7}


def test_members_at_the_best_rate_are_those_of_their_own_arm():
    combined = pd.concat([table(hill(-3), seeds=(0, 1)), table(hill(-4), dropout=0.5)])
    result = members_at_best_rate(combined, best_learning_rates(combined, **IMAGES))
    assert result["learning_rate"].tolist() == pytest.approx([1e-3, 1e-3, 1e-4])


def test_schedules_are_arms_of_their_own():
    constant = table(hill(-3)).assign(schedule="constant")
    linear = table(hill(-2, top=0.9)).assign(schedule="linear")
    best = best_learning_rates(pd.concat([constant, linear], ignore_index=True), **IMAGES)
    assert best["schedule"].tolist() == ["constant", "linear"]
    np.testing.assert_allclose(best["best_rate"], [1e-3, 1e-2])
    metrics = study_metrics(best, trainings=102, test_images=20_000)
    assert metrics["sgd_linear_0_test_accuracy"] == pytest.approx(0.9)
    assert metrics["sgd_0_best_rate"] == pytest.approx(1e-3)


def test_the_share_of_rates_below_a_method_without_a_rate_is_the_planted_one():
    """An accuracy of .601 is reached less than a decade from the best rate: at 19 of 51 rates."""
    rates = table(hill(-3))
    rate_free = rates[:1].assign(optimizer="l_dog", learning_rate=1.0, test_accuracy=0.601)
    best = best_learning_rates(pd.concat([rates, rate_free], ignore_index=True), **IMAGES)
    share = best.set_index("optimizer")["below_rate_free"]
    assert share["sgd"] == pytest.approx(1 - 19 / 51)
    assert np.isnan(share["l_dog"])
    assert "below_rate_free" not in best_learning_rates(rates, **IMAGES)


def test_a_method_without_a_rate_is_a_horizontal_line_in_every_panel():
    rates = pd.concat([table(hill(-3)), table(hill(-4), optimizer="adam")])
    rate_free = table(hill(-3))[:1].assign(optimizer="l_dog", learning_rate=1.0, test_accuracy=0.6)
    combined = pd.concat([rates, rate_free], ignore_index=True)
    curves = accuracy_curves(combined, images=20_000)
    best = best_learning_rates(combined, **IMAGES)
    figure = learning_rate_figure(curves, best, title="study")
    panels = figure.axes[:2]
    assert [panel.get_title(loc="left") or panel.get_title() for panel in panels] == ["SGD", "Adam"]
    for panel in panels:
        (line,) = [line for line in panel.lines if "L-DoG" in line.get_label()]
        assert set(line.get_ydata()) == {0.6}
    plot = learning_rate_plot(curves, best, title="study")
    (trace,) = [trace for trace in plot.data if "L-DoG" in trace.name]
    assert trace.x[0] == RATES[0]
    assert trace.x[-1] == RATES[-1]


def test_many_optimizers_take_several_lines_of_panels():
    names = ["sgd", "adam", "adamw", "lion", "muon", "nadam"]
    arms = pd.concat([table(hill(-3), optimizer=name) for name in names], ignore_index=True)
    curves, best = accuracy_curves(arms, images=20_000), best_learning_rates(arms, **IMAGES)
    figure = learning_rate_figure(curves, best, title="study")
    assert sum(axes.axison for axes in figure.axes) == 2 * len(names)

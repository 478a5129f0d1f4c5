"""The sweep on a catalog in memory."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from support.pipelines import run
from support.training import dots

from atelier.pipelines import sweep
from atelier.sweep.chunk_store import StudyFolder
from atelier.sweep.chunk_trainer import RESULTS
from atelier.sweep.params import StudyParams, SweepSplitParams

PLAN = {
    "optimizers": ["adam", "sgd"], "dropouts": [0.0, 0.5], "lowest_rate": 1e-5,
    "highest_rate": 1e-2, "rates": 3, "seeds": [0], "batch_size": 8, "steps": 80, "chunk": 3,
    "filters": [4, 6], "units": 16,
}  # fmt: skip


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    parts = {
        f"characters.{name}_arrays": dots(count, 4, seed=seed)
        for seed, (name, count) in enumerate(
            {"train": 200, "validation": 20, "calibration": 20, "test": 60}.items()
        )
    }
    study = StudyParams(
        plan=PLAN, activations="float32", executor="local", address=None, workers=1, threads=2
    )
    return run(
        sweep.create_pipeline(),
        **parts,
        **{
            "characters.provenance": {"name": "dots"},
            "params:sweep.gather": SweepSplitParams(train=None, selection=0.5, seed=0),
            "params:sweep.study": study,
            "params:sweep.runs": "best",
            "sweep.trials": StudyFolder(tmp_path_factory.mktemp("trials")),
        },
    )


def test_every_training_has_its_row_and_the_splits_are_apart(swept):
    table, data = swept["sweep.members_table"], swept["sweep.data_arrays"]
    assert list(table)[: len(RESULTS)] == list(RESULTS)
    assert len(table) == 2 * 2 * 3
    assert len(data["train_labels"]) == 240
    assert len(data["selection_labels"]) == len(data["test_labels"]) == 30


def test_the_packed_predictions_agree_with_the_accuracies(swept):
    hits = swept["sweep.hits_arrays"]
    right = np.unpackbits(hits["hits"], axis=1, count=int(hits["test"])).mean(1)
    np.testing.assert_allclose(right, swept["sweep.members_table"]["test_accuracy"])


def test_it_finds_that_a_rate_of_almost_nothing_teaches_nothing(swept):
    table = swept["sweep.members_table"]
    adam = table[(table["optimizer"] == "adam") & (table["dropout"] == 0)]
    accuracy = adam.sort_values("learning_rate")["test_accuracy"].to_list()
    assert accuracy[0] < 0.6
    assert accuracy[-1] > 0.9
    best = swept["sweep.best_table"].set_index(["optimizer", "dropout"])
    assert best.loc[("adam", 0.0), "best_rate"] >= 1e-3
    assert best.loc[("sgd", 0.0), "edge"] == "highest"
    assert "SGD without dropout" in swept["sweep.verdict_text"]
    metrics = swept["sweep.best_metrics"]
    assert metrics["adam_0_test_accuracy"] == best.loc[("adam", 0.0), "test_accuracy"]
    assert metrics["test_accuracy"] == best["test_accuracy"].max()
    assert metrics["test_accuracy_low"] < metrics["test_accuracy"] <= metrics["test_accuracy_high"]
    assert (metrics["trainings"], metrics["n"]) == (12, 30)


def test_the_best_of_each_arm_gets_a_run(swept):
    assert len(swept["sweep.member_runs"]) == 4


def test_one_seed_is_enough_for_a_description_only(swept):
    assert swept["sweep.verdict_text"].startswith("- One seed:")
    assert set(swept["sweep.overtaking_table"]["outcome"]) == {"one training of each rate"}
    assert swept["sweep.chance_table"].empty


def test_each_arm_has_its_budgets_ranges_and_collapses(swept):
    budgets = swept["sweep.budgets_table"].groupby(["optimizer", "dropout"])
    assert budgets.ngroups == 4
    assert (budgets["k"].agg(list).map(len) == 50).all()
    assert len(swept["sweep.sensitivity_table"]) == 4
    collapse = swept["sweep.collapse_table"]
    assert collapse["trainings"].eq(1).all()
    assert collapse.groupby(["optimizer", "dropout"]).ngroups == 4


def test_figure_and_plot_show_every_arm(swept):
    figure, plot = swept["sweep.rates_figure"], swept["sweep.rates_plot"]
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == ["Adam", "SGD"]
    assert all(len(axes.lines) >= 4 for axes in figure.axes)
    for axes in figure.axes:
        assert axes.get_ylim()[1] >= max(max(line.get_ydata()) for line in axes.lines)
    names = {trace.name for trace in plot.data}
    assert {"Adam without dropout", "SGD with dropout 0.5"} < names
    for name in ("aligned", "budgets"):
        legend = swept[f"sweep.{name}_figure"].legends[0]
        assert "Adam without dropout" in [text.get_text() for text in legend.get_texts()]
    assert len(plot.data) == 4
    plt.close("all")

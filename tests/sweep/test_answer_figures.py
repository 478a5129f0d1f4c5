"""What the figures of the answers show."""

import numpy as np
import pandas as pd
import pytest

from atelier.sweep.answer_figures import (
    aligned_figure,
    budget_figure,
    chance_figure,
    interaction_figure,
)
from atelier.sweep.figures import PLOT_MEASURES, learning_rate_figure, learning_rate_plot

ARMS = [("adam", 0.0), ("adam", 0.5), ("sgd", 0.0)]
RATES = np.array([1e-3, 1e-2, 1e-1])
NAMES = ["Adam without dropout", "Adam with dropout 0.5", "SGD without dropout"]


def by_arm(**columns):
    return pd.concat(
        [pd.DataFrame({"optimizer": o, "dropout": d, **columns}) for o, d in ARMS],
        ignore_index=True,
    )


@pytest.fixture
def curves():
    return by_arm(
        learning_rate=RATES, test_accuracy=[0.5, 0.9, 0.1], low=[0.4, 0.8, 0.0],
        high=[0.6, 1.0, 0.2], test_ece=[0.1, 0.02, np.nan], test_nll=[1.0, 0.4, np.nan],
        diverged=0.0, trainings=8, seeds=8, images=100,
    )  # fmt: skip


@pytest.fixture
def best():
    return by_arm(
        best_rate=[1e-2], test_accuracy=0.9, as_good_low=1e-3, as_good_high=1e-2,
        test_ece=0.02, calibrated_rate=1e-2, calibrated_ece=0.02,
    )  # fmt: skip


def collapse(trainings):
    return by_arm(
        learning_rate=RATES[1:], trainings=trainings, collapsed=[0.0, 0.75], low=[0, 0.4],
        high=[0.3, 0.9],
    )  # fmt: skip


def labels(figure):
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


def test_the_budget_figure_has_the_curve_and_band_of_each_arm():
    table = by_arm(k=[1, 5, 50], test_accuracy=[0.2, 0.6, 0.8], low=[0.1, 0.5, 0.7], high=0.9)
    figure = budget_figure(table, title="")
    (axes,) = figure.axes
    assert labels(figure) == NAMES
    assert [list(line.get_ydata()) for line in axes.lines] == [[0.2, 0.6, 0.8]] * 3
    assert len(axes.collections) == 3


def test_all_arms_have_their_best_rate_at_one(curves, best):
    best["best_rate"] = [1e-3, 1e-2, 1e-1]
    figure = aligned_figure(curves, best, title="")
    (axes,) = figure.axes
    assert labels(figure) == NAMES
    for line, top in zip(axes.lines[1:], range(3), strict=True):  # the first is the line at 1
        assert line.get_xdata()[top] == pytest.approx(1)


def test_a_row_of_collapses_is_drawn_where_there_are_enough_trainings(curves, best):
    figure = learning_rate_figure(curves, best, collapse(8), title="")
    assert len(figure.axes) == 3 * 2
    lines = figure.axes[-2].lines
    assert [list(line.get_ydata()) for line in lines] == [[0.0, 0.75]] * 2
    assert figure.axes[-2].get_ylabel() == "collapse probability"
    assert len(learning_rate_figure(curves, best, collapse(7), title="").axes) == 2 * 2


def test_buttons_switch_the_plot_between_three_measures(curves, best):
    plot = learning_rate_plot(curves, best, title="")
    (menu,) = plot.layout.updatemenus
    assert [button.label for button in menu.buttons] == list(PLOT_MEASURES.values())
    for column, button in zip(PLOT_MEASURES, menu.buttons, strict=True):
        values, axis = button.args
        np.testing.assert_array_equal(values["y"], np.tile(curves[column][:3], (3, 1)))
        assert axis == {"yaxis.title.text": PLOT_MEASURES[column]}
    assert [trace.name for trace in plot.data] == NAMES
    for word in ("rate", "accuracy", "ECE", "NLL", "test images", "seeds"):
        assert word in plot.data[0].hovertemplate
    assert plot.data[0].customdata.shape[0] == len(RATES)


def test_chance_shows_the_accuracies_and_the_curve_of_the_law(best):
    accuracy = np.linspace(0.88, 0.92, 40)
    table = by_arm(learning_rate=1e-2, test_accuracy=accuracy)
    chance = by_arm(accuracy=[0.9], observed=0.012, independent=0.01, trainings=40)
    figure = chance_figure(table, best, chance, title="")
    assert [axes.get_title(loc="left") for axes in figure.axes] == NAMES
    law, _ = figure.axes[0].lines
    x, density = law.get_data()
    assert x[np.argmax(density)] == pytest.approx(0.9)
    assert np.trapezoid(density, x) == pytest.approx(1, abs=1e-3)
    assert sum(bar.get_height() * bar.get_width() for bar in figure.axes[0].patches) == (
        pytest.approx(1)
    )


def test_the_interaction_has_a_line_for_each_dropout_rate():
    table = by_arm(
        batch_size=[8, 32, 128], best_rate=[1e-3, 1e-2, 1e-1], as_good_low=1e-3,
        as_good_high=1e-1, area_5=1.0, area_5_low=0.5, area_5_high=1.5,
    )  # fmt: skip
    figure = interaction_figure(table, title="")
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == ["Adam", "SGD"]
    assert labels(figure) == ["no dropout", "dropout 0.5"]
    assert len(figure.axes[0].containers) == 2
    assert figure.axes[0].containers[0].lines[0].get_ydata().tolist() == [1e-3, 1e-2, 1e-1]

"""The calibration table: its measures by definition, gains first, laws of its parts and tests."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import brier_score_loss, log_loss

from atelier.calibration import calibration_table, mistakes_table
from atelier.calibration.figures import reliability_figure, reliability_plot
from atelier.calibration.gain_figures import gain_figure
from atelier.evaluation import (
    bootstrap_interval,
    classwise_calibration_error,
    expected_calibration_error,
    maximum_calibration_error,
    smooth_calibration_error,
    top_label,
)
from atelier.evaluation.intervals import SHARE

N, CLASSES, RESAMPLES = 400, 5, 40


@pytest.fixture(scope="module")
def planted():
    """A network of twice the true logits, the truth, and one that is right by chance."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(N, CLASSES)) * 1.5
    truth = softmax(logits, axis=1)
    labels = (truth.cumsum(axis=1) < rng.random((N, 1))).sum(axis=1).clip(max=CLASSES - 1)
    methods = {
        "uncalibrated": softmax(2 * logits, axis=1),
        "temperature": truth,
        "matrix": np.full((N, CLASSES), 1 / CLASSES),
    }
    return methods, labels


@pytest.fixture(scope="module")
def table(planted):
    methods, labels = planted
    return calibration_table(methods, labels, seed=0, resamples=RESAMPLES)


def test_gains_in_proper_scores_are_the_first_columns(table):
    gains = [f"{name}_gain{end}" for name in ("nll", "brier") for end in ("", "_low", "_high")]
    assert list(table.columns[:9]) == ["method", "n", *gains, "ece"]


def test_gains_are_the_decreases_of_scikit_learns_scores_and_zero_without_calibration(
    planted, table
):
    methods, labels = planted
    classes = list(range(CLASSES))
    for name, score in (
        ("nll", lambda p: log_loss(labels, p, labels=classes)),
        ("brier", lambda p: brier_score_loss(labels, p, labels=classes, scale_by_half=False)),
    ):
        expected = [score(methods["uncalibrated"]) - score(probs) for probs in methods.values()]
        np.testing.assert_allclose(table[f"{name}_gain"], expected, atol=1e-12)
        limits = table[[f"{name}_gain{end}" for end in ("_low", "", "_high")]].to_numpy()
        assert (np.diff(limits, axis=1) >= 0).all()
        assert (limits[0] == 0).all()
    assert table["nll_gain_low"][1] > 0 > table["nll_gain_high"][2]


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("ece", expected_calibration_error),
        ("mce", maximum_calibration_error),
        ("smooth", smooth_calibration_error),
        ("classwise", classwise_calibration_error),
    ],
)
def test_intervals_are_those_of_the_measure_computed_again_for_each_resample(
    planted, table, name, measure
):
    methods, labels = planted
    arrays = (methods["uncalibrated"], labels)
    if name != "classwise":
        arrays = top_label(*arrays)
    limits = bootstrap_interval(measure, *arrays, seed=0, resamples=RESAMPLES, bounds=SHARE)
    assert table[name][0] == pytest.approx(measure(*arrays), rel=1e-10)
    assert (table[f"{name}_low"][0], table[f"{name}_high"][0]) == pytest.approx(limits, rel=1e-9)


def test_parts_are_not_negative_and_sum_to_the_scores(table):
    for name in ("nll", "brier"):
        parts = table[[f"{name}_calibration", f"{name}_refinement"]]
        assert (parts >= 0).all(axis=None)
        np.testing.assert_allclose(parts.sum(axis=1), table[name], rtol=1e-9)
        assert table[f"{name}_refinement"][0] == pytest.approx(
            table[f"{name}_refinement"][1], rel=1e-6
        )  # the truth at another temperature


def test_tests_reject_the_network_and_not_the_truth(table):
    for name in ("ks", "kuiper", "skce"):
        assert table[f"{name}_p"][0] < 0.05 < table[f"{name}_p"][1]


def test_the_gain_figure_ranks_methods_and_keeps_far_losses_at_its_edge(table):
    table = table.copy()
    table.loc[2, ["nll_gain", "nll_gain_low", "nll_gain_high"]] = [-90.0, -95.0, -85.0]
    gains, errors = gain_figure(table, title="planted").axes
    labels = [label.get_text() for label in gains.get_yticklabels()]
    assert labels == ["temperature scaling", "uncalibrated", "matrix scaling"]
    assert [text.get_text() for text in gains.texts] == ["◀ −90"]
    assert gains.get_xlim()[0] > -10
    np.testing.assert_allclose(errors.containers[0].lines[0].get_xdata(), table["ece"][[1, 0, 2]])


def test_reliability_diagrams_show_a_band_for_each_filled_bin(planted, table):
    methods, labels = planted
    many = {f"method {index}": methods["temperature"] for index in range(11)}
    rows = table.iloc[[1] * 11].assign(method=list(many))
    figure = reliability_figure(many, labels, rows, title="planted")
    diagrams = [axes for axes in figure.axes if axes.texts]
    assert len(diagrams) == 11
    assert len({round(axes.get_position().x0, 3) for axes in diagrams}) == 4  # 5 leave four gaps
    xlabels = [axes.get_xlabel() for axes in figure.axes]
    assert xlabels.count("confidence") == 4  # the lowest diagram of each column
    (low, high) = diagrams[0].collections[-1].get_segments()[-1][:, 1]
    confidence, correct = top_label(methods["temperature"], labels)
    inside = correct[confidence > 14 / 15]
    assert low <= inside.mean() <= high
    line = reliability_plot(methods, labels, title="planted").data[1]
    count, low, high = np.array(line.customdata).T
    assert count.sum() == N
    assert ((low <= line.y) & (line.y <= high)).all()


def test_a_table_of_what_are_no_probabilities_or_classes_is_refused():
    probs, labels = np.full((4, 2), 0.5), np.array([0, 1, 0, 1])
    wrong = [(probs, labels[:3]), (probs, labels + 0.5), (probs * 2, labels), (probs[:, 0], labels)]
    for values, classes in wrong:
        with pytest.raises(ValueError, match="Expected"):
            calibration_table({"uncalibrated": values}, classes, seed=0, resamples=5)


@pytest.mark.parametrize("correct", [np.array([1, 0, 1]), np.array([True, False])])
def test_mistakes_are_booleans_one_for_each_score(correct):
    with pytest.raises(ValueError, match="Expected a Boolean and a score of each prediction"):
        mistakes_table({"confidence": np.array([0.1, 0.2, 0.3])}, correct, seed=0, resamples=5)

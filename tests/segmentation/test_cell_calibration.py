"""The probability that a cell is real, held to scikit-learn and to planted cells."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from atelier.cells.samples import Sample
from atelier.segmentation.cell_calibration import (
    EVIDENCE,
    calibrate_cells,
    cell_evidence,
    fit_match_scale,
    labelled_evidence,
)
from atelier.segmentation.figures import cell_calibration_figure
from atelier.segmentation.pixel_calibration import PlattScale


def planted_cells(count, *, seed):
    """Cells whose log-odds of being real are 2 · mean − 1, with pixels that are always sure."""
    rng = np.random.default_rng(seed)
    cells = pd.DataFrame(rng.normal(size=(count, len(EVIDENCE))), columns=list(EVIDENCE))
    truth = expit(2 * cells["mean_log_odds"] - 1)
    cells["matches"] = rng.random(count) < truth
    return cells.assign(image=[f"{i % 20}" for i in range(count)], probability=0.99, truth=truth)


def test_evidence_by_hand():
    labels = np.zeros((5, 6), int)
    labels[1:3, 1:4], labels[4, 5] = 8, 3
    log_odds = np.arange(30.0).reshape(5, 6)
    evidence = cell_evidence(labels, log_odds)
    assert evidence["label"].tolist() == [3, 8]
    assert evidence["mean_log_odds"].tolist() == [29, np.mean([7, 8, 9, 13, 14, 15])]
    assert evidence["largest_log_odds"].tolist() == [29, 15]
    np.testing.assert_allclose(np.exp(evidence["log_area"]), [1, 6])
    assert evidence["at_border"].tolist() == [1, 0]
    assert len(cell_evidence(np.zeros((5, 6), int), log_odds)) == 0


def test_a_cell_is_real_where_a_true_one_overlaps_by_more_than_one_half():
    truth, found = np.zeros((6, 9), int), np.zeros((6, 9), int)
    truth[1:5, 1:4], truth[1:5, 6:8] = 1, 2
    found[1:5, 1:4], found[1:3, 6:8] = 5, 6
    samples = {"a": Sample(np.zeros((6, 9)), truth), "b": Sample(np.zeros((6, 9)), truth * 0)}
    log_odds = np.full((6, 9), 2.0)
    cells = labelled_evidence(
        samples, {"a": found, "b": found}, {"a": log_odds, "b": log_odds}, PlattScale(0.5, 1.0)
    )
    assert cells["matches"].tolist() == [True, False, False, False]
    assert cells["image"].tolist() == ["a", "a", "b", "b"]
    np.testing.assert_allclose(cells["probability"], expit(2.0))


def test_the_fit_is_the_logistic_regression_of_scikit_learn_on_platts_targets():
    cells = planted_cells(400, seed=0)
    values = cells[list(EVIDENCE)].to_numpy()
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    real = cells["matches"].to_numpy()
    high, low = (real.sum() + 1) / (real.sum() + 2), 1 / ((~real).sum() + 2)
    target = np.where(real, high, low)
    twice = np.concatenate([values, values])
    outcome = np.repeat([1, 0], len(values))
    reference = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000)
    reference.fit(twice, outcome, sample_weight=np.concatenate([target, 1 - target]))
    scale = fit_match_scale(cells)
    np.testing.assert_allclose(scale.weights, reference.coef_[0], atol=1e-4)
    assert scale.offset == pytest.approx(reference.intercept_[0], abs=1e-4)
    expected = reference.predict_proba(values)[:, 1]
    np.testing.assert_allclose(scale.probability(cells), expected, atol=1e-4)


@pytest.mark.parametrize("real", [True, False])
def test_where_all_cells_are_real_or_none_the_probability_stays_within_0_and_1(real):
    cells = planted_cells(30, seed=1).assign(matches=real)
    probability = fit_match_scale(cells).probability(cells)
    expected = 31 / 32 if real else 1 / 32
    np.testing.assert_allclose(probability, expected, atol=1e-3)


def test_without_cells_nothing_is_known_and_nothing_fails():
    none = planted_cells(30, seed=1).iloc[:0]
    some = planted_cells(30, seed=1)
    assert fit_match_scale(none).probability(some).tolist() == [0.5] * 30
    for validation, test in ((none, none), (some, none), (none, some)):
        calibration = calibrate_cells(validation, test, seed=0)
        assert calibration.metrics["cells"] == len(test)
        assert set(calibration.metrics) >= {"ece", "ece_low", "ece_high", "ece_pixels", "real"}
        cell_calibration_figure(calibration.diagrams, title="cells")


def test_planted_probabilities_are_found_and_calibrated_where_pixels_are_too_sure():
    test = planted_cells(4000, seed=3)
    calibration = calibrate_cells(planted_cells(2000, seed=2), test, seed=0)
    found, metrics = calibration.cells["match_probability"], calibration.metrics
    assert np.abs(found - test["truth"]).mean() < 0.03
    assert metrics["ece"] < 0.03
    assert metrics["ece_pixels"] == pytest.approx(0.99 - test["matches"].mean())
    assert metrics["real"] == test["matches"].mean()
    for name in ("ece", "ece_pixels"):
        assert metrics[f"{name}_low"] <= metrics[name] <= metrics[f"{name}_high"]
    fitted = calibration.diagrams[calibration.diagrams["scale"] == "fitted"]
    assert fitted["count"].sum() == 4000
    assert ((fitted["low"] <= fitted["frequency"]) & (fitted["frequency"] <= fitted["high"])).all()


def test_the_figure_names_both_errors():
    calibration = calibrate_cells(planted_cells(99, seed=2), planted_cells(99, seed=3), seed=0)
    figure = cell_calibration_figure(calibration.diagrams, title="cells")
    assert [panel.get_title("left") for panel in figure.axes] == [
        f"mean of the cell's pixels: ECE {calibration.metrics['ece_pixels']:.1%}",
        f"fitted on validation cells: ECE {calibration.metrics['ece']:.1%}",
    ]

"""Calibrators: known answers, scikit-learn's, and inputs that break careless ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, expit, logsumexp, softmax
from sklearn.calibration import CalibratedClassifierCV
from sklearn.isotonic import IsotonicRegression as TheirIsotonic
from sklearn.linear_model import LogisticRegression

from atelier.calibration import CALIBRATORS, EXPERIMENT_CALIBRATORS, GUO_CALIBRATORS
from atelier.calibration.binning import BayesianBinning, HistogramBinning, IsotonicRegression
from atelier.calibration.scaling import (
    MatrixScaling,
    PlattScaling,
    TemperatureScaling,
    VectorScaling,
    softmax_log_odds,
)
from atelier.evaluation import expected_calibration_error, negative_log_likelihood

ALL = list(CALIBRATORS.values())


def calibrated_sample(seed, n=4000, classes=5):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * 1.5
    chosen = softmax(logits, axis=1).cumsum(axis=1) < rng.random((n, 1))
    return logits, chosen.sum(axis=1).clip(max=classes - 1)


def spread_logits(z, classes, accuracy, n=3600):
    """Logits (z, 0, …) with a share of labels in class 0 and the rest spread evenly."""
    labels = np.zeros(n, int)
    wrong = round(n * (1 - accuracy))
    labels[:wrong] = 1 + np.arange(wrong) % (classes - 1)
    logits = np.zeros((n, classes))
    logits[:, 0] = z
    return logits, labels


def test_guo_s_seven_are_there_by_name_before_those_of_other_papers():
    seven = ["histogram_binning", "isotonic", "bbq", "platt", "temperature", "vector", "matrix"]
    assert list(GUO_CALIBRATORS) == seven
    assert list(EXPERIMENT_CALIBRATORS)[:7] == seven
    assert list(CALIBRATORS)[:14] == [
        *seven,
        "beta", "dirichlet", "ensemble_temperature", "spline", "venn_abers", "structured_vector",
        "structured_matrix",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("z", "classes", "accuracy", "best"),
    [(2, 2, 0.75, 1.8204784533), (5, 10, 0.9, 1.1377990333), (1e4, 10, 0.9, 2275.5980666)],
)
def test_the_temperature_of_cases_with_a_closed_form(z, classes, accuracy, best):
    fitted = TemperatureScaling().fit(*spread_logits(z, classes, accuracy))
    assert fitted.temperature_ == pytest.approx(best, rel=1e-9)
    assert fitted.residual_ < 1e-9 * z


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_recovers_the_temperature_that_distorted_the_logits(temperature):
    logits, labels = calibrated_sample(seed=0)
    fitted = TemperatureScaling().fit(logits * temperature, labels)
    assert fitted.temperature_ == pytest.approx(temperature, rel=0.05)


def test_the_temperature_is_scikit_learns():
    logits, labels = calibrated_sample(seed=1, n=600, classes=4)

    class Scores(LogisticRegression):
        """Hands its inputs on as scores."""

        def decision_function(self, x):
            return x

        def fit(self, x, y):
            self.classes_ = np.unique(y)
            return self

    from sklearn.frozen import FrozenEstimator

    scores = Scores().fit(logits, labels)
    theirs = CalibratedClassifierCV(FrozenEstimator(scores), method="temperature")
    beta = theirs.fit(logits, labels).calibrated_classifiers_[0].calibrators[0].beta_
    assert TemperatureScaling().fit(logits, labels).temperature_ == pytest.approx(
        1 / beta, rel=1e-6
    )


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.floats(0.01, 100))
@settings(max_examples=40, deadline=None)
def test_temperature_is_never_worse_than_none_and_changes_no_prediction(seed, classes, sharpness):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(30, classes)) * sharpness, rng.integers(classes, size=30)
    fitted = TemperatureScaling().fit(logits, labels)
    after = negative_log_likelihood(logits / fitted.temperature_, labels)
    assert fitted.temperature_ > 0
    assert after <= negative_log_likelihood(logits, labels) + 1e-12
    np.testing.assert_array_equal(fitted.transform(logits).argmax(axis=1), logits.argmax(axis=1))


def test_pooling_adjacent_violators_by_hand():
    # log-odds that rise from sample to sample, two classes
    score = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    logits = np.stack([np.zeros(5), np.log(score / (1 - score))], axis=1)
    fitted = IsotonicRegression().fit(logits, np.array([0, 1, 0, 1, 1]))
    np.testing.assert_allclose(fitted.transform(logits)[:, 1], [0, 0.5, 0.5, 1, 1])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_isotonic_regression_is_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(30, 2))[rng.integers(30, size=60)]  # with ties
    labels, new = rng.integers(2, size=60), rng.normal(size=(40, 2)) * 2
    theirs = TheirIsotonic(y_min=0, y_max=1, out_of_bounds="clip")
    theirs.fit(softmax(logits, axis=1)[:, 1], labels)
    ours = IsotonicRegression().fit(logits, labels).transform(new)[:, 1]
    np.testing.assert_allclose(ours, theirs.predict(softmax(new, axis=1)[:, 1]), atol=1e-12)


def test_platt_scaling_is_scikit_learns():
    logits, labels = calibrated_sample(seed=2, n=400, classes=2)
    logits *= 2.5
    from sklearn.calibration import _sigmoid_calibration

    score = logits[:, 1] - logits[:, 0]
    a, b = _sigmoid_calibration(score, labels)
    ours = PlattScaling().fit(logits, labels).transform(logits)[:, 1]
    np.testing.assert_allclose(ours, expit(-(a * score + b)), atol=1e-4)


def test_platt_scaling_of_separable_data_keeps_to_his_softened_targets():
    logits = np.array([[1.0, -1.0]] * 8 + [[-1.0, 1.0]] * 2)
    probs = PlattScaling().fit(logits, np.array([0] * 8 + [1] * 2)).transform(logits)[:, 1]
    np.testing.assert_allclose(probs[[0, -1]], [1 / 10, 3 / 4], atol=1e-6)


def test_log_odds_are_exact_where_the_probability_rounds_to_one():
    logits = np.array([[800.0, 0, 1], [0, 0, 0]])
    np.testing.assert_allclose(softmax_log_odds(logits)[0, 0], 800 - logsumexp([0, 1]))
    np.testing.assert_allclose(softmax_log_odds(logits)[1], -np.log(2))


def test_a_histogram_s_bin_says_the_share_of_its_positives():
    share = np.array([0.1, 0.2, 0.3, 0.8, 0.9])
    logits = np.stack([np.zeros(5), np.log(share / (1 - share))], axis=1)
    fitted = HistogramBinning(n_bins=2).fit(logits, np.array([0, 0, 1, 1, 0]))
    np.testing.assert_allclose(fitted.transform(logits)[:, 1], [1 / 3] * 3 + [0.5] * 2)
    fitted = HistogramBinning(n_bins=2).fit(logits[:3], np.array([0, 0, 1]))
    np.testing.assert_allclose(fitted.transform(logits[3:])[:, 1], 0.75)


@pytest.mark.parametrize(("n", "most"), [(27, 30), (30, 31), (64, 40)])
def test_bayesian_binning_averages_binnings_by_their_evidence(n, most):
    """Naeini's equations, binning by binning, on data without ties.

    Binnings have 1 … ⌊10 n^⅓⌋ bins: 30³ = 1000 · 27, 31³ < 1000 · 30 < 32³, 40³ = 1000 · 64.
    """
    rng = np.random.default_rng(0)
    score = np.sort(rng.random(n))
    logits = np.stack([np.zeros(n), np.log(score / (1 - score))], axis=1)
    labels = (rng.random(n) < score).astype(int)
    found = BayesianBinning().fit(logits, labels).transform(logits)[:, 1]
    evidence, predictions = [], []
    for size in range(1, most + 1):
        ends = np.unique(-(-np.arange(1, size + 1) * n // size))
        starts = np.append(0, ends[:-1])
        limits = np.concatenate([[0], score[ends[:-1] - 1], [1]])
        total, prediction, bins = 0.0, np.empty(n), len(ends)
        for one in range(bins):
            inside = labels[starts[one] : ends[one]]
            middle = (limits[one] + limits[one + 1]) / 2
            alpha, beta = 2 / bins * middle, 2 / bins * (1 - middle)
            up, down = inside.sum(), len(inside) - inside.sum()
            total += betaln(up + alpha, down + beta) - betaln(alpha, beta)
            prediction[starts[one] : ends[one]] = (up + alpha) / (len(inside) + alpha + beta)
        evidence.append(total)
        predictions.append(prediction)
    weights = softmax(evidence)
    np.testing.assert_allclose(found, weights @ np.array(predictions), rtol=1e-6)


def test_vector_and_matrix_scaling_undo_what_distorted_the_logits():
    logits, labels = calibrated_sample(seed=3, n=40_000, classes=3)
    weight, bias = np.array([2.0, 1.0, 0.5]), np.array([1.0, 0.0, -1.0])
    centred = logits - logits.mean(axis=1, keepdims=True)
    target = softmax(centred, axis=1)
    # undone up to what a row's constant hides, so probabilities are compared, not weights
    mixed = centred @ np.array([[1.0, 0.4, 0], [0, 1.5, 0.2], [0.3, 0, 0.7]]) + bias
    found = MatrixScaling().fit(mixed, labels).transform(mixed)
    assert np.abs(found - target).max() < 0.05
    scaled = VectorScaling().fit(centred * 3, labels)
    np.testing.assert_allclose(scaled.weight_, 1 / 3, rtol=0.05)
    np.testing.assert_allclose(scaled.bias_ - scaled.bias_.mean(), 0, atol=0.05)
    assert weight.shape == scaled.weight_.shape


def test_matrix_scaling_is_multinomial_logistic_regression():
    logits, labels = calibrated_sample(seed=4, n=800, classes=3)
    centred = logits - logits.mean(axis=1, keepdims=True)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit(centred, labels)
    ours = MatrixScaling().fit(logits, labels).transform(logits)
    np.testing.assert_allclose(ours, theirs.predict_proba(centred), atol=1e-3)


@pytest.mark.parametrize("calibrator", ALL)
def test_every_calibrator_cuts_the_error_of_overconfident_logits(calibrator):
    logits, labels = calibrated_sample(seed=5, n=6000)
    logits = logits * 3
    fitted = calibrator().fit(logits[:3000], labels[:3000])
    before, after = (
        expected_calibration_error(probs, labels[3000:])
        for probs in (softmax(logits[3000:], axis=1), fitted.transform(logits[3000:]))
    )
    assert after < before / 3


CASES = {
    "saturated": (np.eye(3)[[0, 1, 2, 0, 1]] * 2e4 - 1e4, [0, 1, 2, 1, 0]),
    "single precision": (np.eye(3, dtype=np.float32)[[0, 1, 2, 0]] * 9, [0, 1, 2, 1]),
    "separable": (np.eye(3)[[0, 1, 2, 0, 1, 2]] * 5, [0, 1, 2, 0, 1, 2]),
    "separable, saturated": (np.eye(3)[[0, 1, 2, 0]] * 1e4, [0, 1, 2, 0]),
    "absent class": (np.eye(3)[[0, 1, 0, 1, 2]] * 2, [0, 1, 0, 1, 1]),
    "one class only": (np.eye(3)[[0, 1, 0]], [0, 0, 0]),
    "one sample": (np.array([[1.0, 2.0, 3.0]]), [0]),
    "one sample of two classes": (np.array([[1.0, 2.0]]), [1]),
    "constant": (np.zeros((6, 4)), [0, 1, 2, 3, 0, 1]),
    "all wrong": (np.eye(3)[[0, 1, 2]] * 7, [1, 2, 0]),
}


@pytest.mark.parametrize("calibrator", ALL)
@pytest.mark.parametrize("case", CASES)
def test_every_calibrator_gives_probabilities_whatever_it_is_fitted_on(calibrator, case):
    logits, labels = CASES[case]
    fitted = calibrator().fit(logits, np.array(labels))
    classes = logits.shape[1]
    new = np.concatenate([logits, np.random.default_rng(0).normal(size=(20, classes)) * 1e4])
    probs = fitted.transform(new)
    assert np.isfinite(probs).all()
    assert (probs >= 0).all()
    np.testing.assert_allclose(probs.sum(axis=1), 1)


@pytest.mark.parametrize("calibrator", ALL)
def test_a_constant_added_to_a_row_changes_nothing(calibrator):
    logits, labels = calibrated_sample(seed=6, n=300)
    moved = logits + np.random.default_rng(0).normal(size=(300, 1)) * 40
    one, other = (calibrator().fit(z, labels).transform(z) for z in (logits, moved))
    np.testing.assert_allclose(one, other, atol=2e-4)


@pytest.mark.parametrize("calibrator", ALL)
def test_bad_logits_are_refused_with_their_reason(calibrator):
    good, labels = np.zeros((3, 2)), np.array([0, 1, 0])
    bad = good.copy()
    bad[1, 0] = np.nan
    with pytest.raises(ValueError, match="1 of 6 NaN"):
        calibrator().fit(bad, labels)
    with pytest.raises(ValueError, match="fit before transform"):
        calibrator().transform(good)
    fitted = calibrator().fit(good, labels)
    with pytest.raises(ValueError, match=r"\(n, 2\). Received: \(3, 5\)"):
        fitted.transform(np.zeros((3, 5)))
    with pytest.raises(ValueError, match="labels of shape"):
        calibrator().fit(good, labels[:2])

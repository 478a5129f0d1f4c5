"""Parts of proper scores: answers by hand, a second library, laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, log_loss

from atelier.evaluation import (
    brier_score,
    decompose_score,
    negative_log_likelihood,
    refine_score,
)

SCORES = {"log": log_loss, "brier": brier_score_loss}


def drawn(seed, n, classes, *, sharpness=2.0):
    """Probabilities, and labels of another distribution than theirs."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * sharpness
    truth = softmax(logits / 2, axis=1)
    labels = (truth.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=classes - 1)
    return softmax(logits, axis=1), labels


def test_the_parts_of_the_brier_score_by_hand():
    """Forecasts 0.2 and 0.6, of which one in four and three in four come true."""
    forecast = np.repeat([0.2, 0.6], 4)
    outcome = np.array([1, 0, 0, 0, 1, 1, 1, 0])
    parts = decompose_score(forecast, outcome, score="brier")
    assert parts.miscalibration == pytest.approx((0.05**2 + 0.15**2) / 2)
    assert parts.discrimination == pytest.approx(0.25**2)
    assert parts.uncertainty == pytest.approx(0.25)


@pytest.mark.parametrize("score", SCORES)
@given(st.integers(0, 2**32 - 1), st.integers(1, 80))
@settings(max_examples=30, deadline=None)
def test_no_part_is_negative_and_they_sum_to_the_score(score, seed, n):
    rng = np.random.default_rng(seed)
    forecast, outcome = np.round(rng.uniform(0.01, 0.99, n), 2), rng.integers(2, size=n)
    parts = decompose_score(forecast, outcome, score=score)
    assert min(parts) >= 0
    total = parts.miscalibration - parts.discrimination + parts.uncertainty
    assert total == pytest.approx(SCORES[score](outcome, forecast, labels=[0, 1]), abs=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_the_recalibrated_score_is_that_of_scikit_learns_isotonic_regression(score):
    probs, labels = drawn(0, 500, 4)
    confidence, correct = probs.max(axis=1), (probs.argmax(axis=1) == labels).astype(int)
    isotonic = IsotonicRegression().fit_transform(confidence, correct)
    parts = decompose_score(probs, labels, score=score)
    recalibrated = parts.uncertainty - parts.discrimination
    assert recalibrated == pytest.approx(SCORES[score](correct, isotonic), rel=1e-9)
    assert parts.uncertainty == pytest.approx(
        SCORES[score](correct, np.full(500, correct.mean())), rel=1e-9
    )


@pytest.mark.parametrize("score", SCORES)
def test_any_increasing_transformation_changes_the_miscalibration_alone(score):
    probs, labels = drawn(1, 300, 2)
    forecast = probs[:, 1]
    before, after = (decompose_score(p, labels, score=score) for p in (forecast, forecast**3))
    assert after.discrimination == pytest.approx(before.discrimination)
    assert after.uncertainty == pytest.approx(before.uncertainty)
    assert after.miscalibration > before.miscalibration


@pytest.mark.parametrize(
    ("score", "measure"),
    [
        ("log", lambda p, y: negative_log_likelihood(p, y, from_logits=False)),
        ("brier", brier_score),
    ],
)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(2, 6))
@settings(max_examples=25, deadline=None)
def test_calibration_and_refinement_are_not_negative_and_sum_to_the_score(
    score, measure, seed, n, classes
):
    rng = np.random.default_rng(seed)
    probs, labels = rng.dirichlet(np.ones(classes), n), rng.integers(classes, size=n)
    parts = refine_score(probs, labels, score=score)
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(measure(probs, labels), rel=1e-9)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_a_temperature_changes_the_calibration_part_alone(score, temperature):
    probs, labels = drawn(2, 2000, 5)
    heated = softmax(np.log(probs) / temperature, axis=1)
    before, after = (refine_score(p, labels, score=score) for p in (probs, heated))
    assert after.refinement == pytest.approx(before.refinement, rel=1e-6)
    assert after.calibration != pytest.approx(before.calibration, rel=0.1)


def test_labels_drawn_at_a_temperature_leave_the_entropy_as_refinement():
    """The refinement error of the truth, heated, is the entropy of the truth."""
    probs, labels = drawn(3, 40_000, 4)
    truth = softmax(np.log(probs) / 2, axis=1)
    entropies = -(truth * np.log(truth)).sum(axis=1)
    refinement = refine_score(probs, labels).refinement
    assert refinement == pytest.approx(entropies.mean(), abs=0.02)
    assert refine_score(truth, labels).calibration < 1e-3


def test_saturated_probabilities_have_finite_parts():
    probs, labels = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([0, 1, 1])
    for score in SCORES:
        parts = [*refine_score(probs, labels, score=score), *decompose_score(probs, labels)]
        assert np.isfinite(parts).all()
        assert min(parts) >= 0
    half = refine_score(probs.astype(np.float32), labels)
    assert half == pytest.approx(refine_score(probs, labels), rel=1e-6)


def test_a_label_of_probability_1e_60_has_the_parts_by_hand():
    """The temperature that is best lies beyond the largest, 20: 138.16 / 20 = 6.908."""
    parts = refine_score(np.array([[1.0, 1e-60], [1.0, 1e-60]]), np.array([0, 1]))
    assert sum(parts) == pytest.approx(60 * np.log(10) / 2, rel=1e-9)
    logit = 60 * np.log(10) / 20
    assert parts.refinement == pytest.approx(np.log1p(np.exp(-logit)) + logit / 2, rel=1e-3)


def test_a_score_of_another_name_is_refused():
    probs, labels = drawn(0, 10, 2)
    for decompose in (decompose_score, refine_score):
        with pytest.raises(ValueError, match="log, brier"):
            decompose(probs, labels, score="accuracy")
    with pytest.raises(ValueError, match=r"probs \(n, ≥ 2\)"):
        refine_score(probs[:, 0], labels)

"""Logits of any scale: temperatures with a closed form, and laws of scale and offset."""

import logging

import numpy as np
import pytest
from scipy.special import softmax

from atelier.calibration.scaling import (
    MatrixScaling,
    PlattScaling,
    TemperatureScaling,
    VectorScaling,
)

SCALES = [1e-300, 1e-150, 1e-20, 1e-5, 1.0, 1e4, 1e5, 1e6, 1e20, 1e150, 1e300]
REASONS = {"separable": "every label has the largest logit", "chance": "no larger than the others"}


def ninety_percent_right(z, precision=np.float64):
    """Logits (z, 0, …, 0) of ten classes; class 0 is right in 9 of 10, the others share the rest:
    9/10 = e^(z/T) / (e^(z/T) + 9), so T = z / ln 81.
    """
    labels = np.append(np.zeros(810, int), np.arange(90) % 9 + 1)
    logits = np.zeros((900, 10), precision)
    logits[:, 0] = z
    return logits, labels


def noisy_sample(classes=4, n=1500):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(n, classes)) * 2
    chosen = softmax(logits / 3, axis=1).cumsum(axis=1) < rng.random((n, 1))
    return logits, chosen.sum(axis=1).clip(max=classes - 1)


@pytest.mark.parametrize(
    ("z", "precision"),
    [
        *((scale, np.float64) for scale in SCALES),
        *((scale, np.float32) for scale in (1e-30, 1e-5, 1e6, 1e30)),
        *((scale, np.float16) for scale in (1e-3, 6e4)),
    ],
)
def test_the_best_temperature_follows_the_scale_of_the_logits(z, precision, caplog):
    logits, labels = ninety_percent_right(z, precision)
    z = float(logits[0, 0])  # as the precision holds it
    with caplog.at_level(logging.WARNING):
        fitted = TemperatureScaling().fit(logits, labels)
    assert not caplog.records
    assert fitted.temperature_ == pytest.approx(z / np.log(81), rel=1e-9, abs=0)
    assert fitted.residual_ < 1e-9 * z
    np.testing.assert_allclose(fitted.transform(logits)[:, 0], 0.9, rtol=1e-9)


@pytest.mark.parametrize("calibrator", [VectorScaling, MatrixScaling])
@pytest.mark.parametrize("z", SCALES)
def test_vector_and_matrix_scaling_give_nine_tenths_at_any_scale(calibrator, z, caplog):
    logits, labels = ninety_percent_right(z)
    with caplog.at_level(logging.WARNING):
        probs = calibrator().fit(logits, labels).transform(logits)
    assert not caplog.records
    np.testing.assert_allclose(probs[:, 0], 0.9, rtol=1e-6)


@pytest.mark.parametrize(
    ("calibrator", "classes"),
    [(TemperatureScaling, 4), (VectorScaling, 4), (MatrixScaling, 4), (PlattScaling, 2)],
)
@pytest.mark.parametrize("scale", [1e-300, 1e-5, 1e5, 1e300])
def test_logits_times_a_factor_have_the_same_probabilities(calibrator, classes, scale):
    logits, labels = noisy_sample(classes)
    plain, scaled = (calibrator().fit(z, labels).transform(z) for z in (logits, logits * scale))
    np.testing.assert_allclose(scaled, plain, rtol=1e-5)


def test_platt_scaling_of_small_logits_keeps_their_digits():
    # log p / (1 − p) is z_k − mean of the others, to first order, and a constant
    logits, labels = noisy_sample()
    plain, scaled = (
        PlattScaling().fit(z, labels).transform(z) for z in (logits * 1e-7, logits * 1e-200)
    )
    np.testing.assert_allclose(scaled, plain, rtol=1e-4)
    assert plain.max(axis=1).std() > 0.01


@pytest.mark.parametrize("calibrator", [TemperatureScaling, PlattScaling, VectorScaling])
@pytest.mark.parametrize("offset", [1e8, -1e15])
def test_an_offset_that_costs_no_digits_changes_nothing(calibrator, offset):
    logits, labels = noisy_sample()
    logits = np.round(logits * 4)  # whole numbers, so that the offset is added exactly
    plain, moved = (calibrator().fit(z, labels).transform(z) for z in (logits, logits + offset))
    np.testing.assert_allclose(moved, plain, rtol=1e-12)


def test_a_class_that_is_masked_by_a_large_negative_logit_changes_nothing():
    logits, labels = noisy_sample()
    masked = np.append(logits, np.full((len(logits), 1), -1e30), axis=1)
    plain, other = (TemperatureScaling().fit(z, labels) for z in (logits, masked))
    assert other.temperature_ == pytest.approx(plain.temperature_, rel=1e-9)
    np.testing.assert_allclose(other.transform(masked)[:, :4], plain.transform(logits), rtol=1e-9)


def test_rows_of_different_scales_share_the_temperature_of_least_loss():
    """Half of the rows (1, 0), half (1000, 0), three quarters of each right. The root of
    tanh-like slopes has no closed form: a fine grid of temperatures is the truth.
    """
    logits = np.repeat([[1.0, 0], [1000.0, 0]], 400, axis=0)
    labels = np.arange(800) % 4 // 3
    fitted = TemperatureScaling().fit(logits, labels).temperature_
    grid = np.exp(np.linspace(np.log(100), np.log(10_000), 20_001))
    inverse = logits[[0, -1], 0, None] / grid  # (2, grid)
    losses = (np.logaddexp(0, -inverse) + inverse / 4).mean(axis=0)
    assert fitted == pytest.approx(grid[losses.argmin()], rel=1e-3)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("labels", "reason"), [([0, 1, 2], "separable"), ([1, 2, 0], "chance")])
def test_a_warning_says_why_no_finite_temperature_is_best(scale, labels, reason, caplog):
    logits = np.eye(3) * scale
    with caplog.at_level(logging.WARNING):
        fitted = TemperatureScaling().fit(logits, np.array(labels))
    (record,) = caplog.records
    assert "no finite temperature is best" in record.getMessage()
    assert REASONS[reason] in record.getMessage()
    best = np.eye(3) if reason == "separable" else np.full((3, 3), 1 / 3)
    np.testing.assert_allclose(fitted.transform(logits), best, atol=1e-4)


def test_labels_independent_of_the_logits_have_no_finite_temperature(caplog):
    logits = np.zeros((10, 10))
    logits[:, 0] = 3.3  # right in one of ten: the slope at T = ∞ is 0 but for rounding
    with caplog.at_level(logging.WARNING):
        probs = TemperatureScaling().fit(logits, np.arange(10)).transform(logits)
    assert REASONS["chance"] in caplog.text
    np.testing.assert_allclose(probs, 0.1, atol=1e-4)


def test_equal_logits_need_no_temperature_and_no_warning(caplog):
    with caplog.at_level(logging.WARNING):
        fitted = TemperatureScaling().fit(np.full((4, 3), 1e300), np.array([0, 1, 2, 0]))
    assert fitted.temperature_ == 1
    assert not caplog.records

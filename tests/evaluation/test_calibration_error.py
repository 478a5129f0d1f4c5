"""Measures of calibration: known answers, a second formula, laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax
from sklearn.metrics import brier_score_loss, log_loss

from atelier.evaluation import (
    adaptive_calibration_error,
    bootstrap_interval,
    brier_score,
    classwise_calibration_error,
    debiased_calibration_error,
    expected_calibration_error,
    log_losses,
    maximum_calibration_error,
    negative_log_likelihood,
    reliability_bins,
    smooth_calibration_error,
    top_label,
)

BINNED = [
    expected_calibration_error,
    maximum_calibration_error,
    adaptive_calibration_error,
    classwise_calibration_error,
]


def two_classes(confidence, correct):
    """Probabilities (c, 1 − c) with labels that make the top class right or wrong."""
    confidence = np.array(confidence)
    probs = np.stack([confidence, 1 - confidence], axis=1)
    top = probs.argmax(axis=1)
    return probs, np.where(np.array(correct) == 1, top, 1 - top)


def sample(rng, n, classes, *, sharpness=3.0):
    """Calibrated data: labels drawn from the very probabilities."""
    probs = softmax(rng.normal(size=(n, classes)) * sharpness, axis=1)
    labels = (probs.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=classes - 1)
    return probs, labels


@pytest.mark.parametrize(
    ("confidence", "correct", "n_bins", "error"),
    [
        ([0.6, 0.7, 0.8, 0.9], [0, 0, 1, 1], 2, 0.25),
        ([0.25, 0.5, 0.75, 1], [0, 1, 1, 0], 4, 0.5),
        ([0.95, 1.0], [1, 0], 10, 0.475),
        ([0.25, 0.5, 0.75, 1], [0, 1, 1, 1], 2, 0.125),
    ],
)
def test_the_expected_error_of_cases_on_which_packages_disagree(confidence, correct, n_bins, error):
    found = expected_calibration_error(np.array(confidence), np.array(correct), n_bins=n_bins)
    assert found == pytest.approx(error)
    if min(confidence) > 0.5:
        found = expected_calibration_error(*two_classes(confidence, correct), n_bins=n_bins)
        assert found == pytest.approx(error)


def test_bins_of_equal_mass_find_what_bins_of_equal_width_hide():
    probs, labels = two_classes([0.6, 0.7, 0.8, 0.9], [0, 0, 1, 1])
    assert adaptive_calibration_error(probs, labels, n_bins=2) == pytest.approx(0.4)


@pytest.mark.parametrize("n_bins", [2, 3, 7, 10, 15, 100])
def test_an_edge_belongs_to_the_bin_below_it_and_zero_to_the_first(n_bins):
    edges = np.array([index / n_bins for index in range(n_bins + 1)])
    bins = reliability_bins(edges, np.ones(n_bins + 1, int), n_bins=n_bins)
    assert bins.count.tolist() == [2] + [1] * (n_bins - 1)
    above = np.nextafter(edges[:-1], 1)
    bins = reliability_bins(above, np.ones(n_bins, int), n_bins=n_bins)
    assert bins.count.tolist() == [1] * n_bins


def test_a_reliability_diagram_by_hand():
    bins = reliability_bins(np.array([0.1, 0.3, 0.9, 0.7]), np.array([0, 1, 1, 0]), n_bins=2)
    np.testing.assert_allclose(bins.lower, [0, 0.5])
    np.testing.assert_allclose(bins.upper, [0.5, 1])
    np.testing.assert_allclose(bins.count, [2, 2])
    np.testing.assert_allclose(bins.confidence, [0.2, 0.8])
    np.testing.assert_allclose(bins.accuracy, [0.5, 0.5])
    empty = reliability_bins(np.array([0.1]), np.array([0]), n_bins=2)
    assert np.isnan(empty.accuracy[1])


def test_the_largest_gap_by_hand():
    probs, labels = np.array([0.1, 0.3, 0.9, 0.7, 0.8]), np.array([0, 1, 1, 0, 0])
    assert maximum_calibration_error(probs, labels, n_bins=2) == pytest.approx(0.8 - 1 / 3)


def test_the_classwise_error_by_hand_counts_a_class_that_never_comes():
    probs = np.array([[0.6, 0.4, 0.0], [0.7, 0.1, 0.2]])
    # class 0: |1.3 − 2|; class 1: bin .4: .4, bin .1: .1; class 2: 0 and .2, in separate bins
    expected = (0.7 / 2 + 0.5 / 2 + 0.2 / 2) / 3
    assert classwise_calibration_error(probs, np.array([0, 0]), n_bins=2) == pytest.approx(expected)


def test_the_debiased_error_by_hand():
    probs, labels = np.full(4, 0.75), np.array([1, 1, 1, 0])
    # no gap at all, so what chance would add is taken off: .75 · .25 / 3
    assert debiased_calibration_error(probs, labels, n_bins=1) == pytest.approx(-0.0625)


def test_the_debiased_error_is_zero_on_average_where_the_plain_one_is_not():
    rng = np.random.default_rng(0)
    plain, debiased = [], []
    for _ in range(300):
        probs = rng.random(200)
        outcome = (rng.random(200) < probs).astype(int)
        debiased.append(debiased_calibration_error(probs, outcome))
        plain.append(adaptive_calibration_error(probs, outcome) ** 2)
    standard_error = np.std(debiased) / np.sqrt(300)
    assert abs(np.mean(debiased)) < 4 * standard_error
    assert np.mean(plain) > 10 * standard_error


def test_the_smooth_error_of_the_authors_package():
    forecast = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9])
    outcome = np.array([0, 0, 1, 0, 1, 0, 1, 1])
    assert smooth_calibration_error(forecast, outcome) == pytest.approx(0.0885214052, rel=1e-8)


def test_the_smooth_error_of_a_constant_forecast_is_its_bias():
    outcome = np.array([1] * 3 + [0] * 7)
    found = smooth_calibration_error(np.full(10, 0.5), outcome)
    assert found == pytest.approx(0.2, abs=2e-3)


@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.floats(0.1, 4))
@settings(max_examples=25, deadline=None)
def test_likelihood_and_brier_score_equal_scikit_learns(seed, classes, sharpness):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(50, classes)) * sharpness
    probs, labels = softmax(logits, axis=1), rng.integers(classes, size=50)
    every = range(classes)
    nll = negative_log_likelihood(logits, labels)
    assert nll == pytest.approx(log_loss(labels, probs, labels=every), rel=1e-9, abs=1e-12)
    theirs = brier_score_loss(labels, probs, labels=list(every), scale_by_half=False)
    assert brier_score(probs, labels) == pytest.approx(theirs, rel=1e-9)


def test_the_likelihood_of_probabilities_equals_scikit_learns_and_is_the_mean_of_its_samples():
    probs, labels = sample(np.random.default_rng(0), 300, 5)
    nll = negative_log_likelihood(probs, labels, from_logits=False)
    assert nll == pytest.approx(log_loss(labels, probs, labels=np.arange(5)))
    assert nll == pytest.approx(log_losses(probs, labels).mean())
    assert nll == pytest.approx(negative_log_likelihood(np.log(probs), labels))


def test_a_probability_below_the_floor_counts_as_the_floor():
    probs, labels = np.array([[0.0, 1.0], [0.5, 0.5]]), np.array([0, 1])
    assert log_losses(probs, labels)[0] == np.inf
    floored = log_losses(probs, labels, floor=0.25)
    np.testing.assert_allclose(floored, [np.log(4), np.log(2)])
    nll = negative_log_likelihood(probs, labels, from_logits=False, floor=0.25)
    assert nll == pytest.approx((np.log(4) + np.log(2)) / 2)


@pytest.mark.parametrize(
    ("probs", "labels", "message"),
    [
        ([[0.5, np.nan]], [1], "1 of 1 NaN"),
        ([[0.5, 1.5]], [1], r"in \[0, 1\].*1\.5"),
        ([[0.5, 0.5]], [2], r"labels in \[0, 2\)"),
        ([0.5, 0.5], [1, 0], r"probs \(n, ≥ 2\)"),
    ],
)
def test_losses_of_what_is_no_probability_or_no_label_are_refused(probs, labels, message):
    with pytest.raises(ValueError, match=message):
        log_losses(np.array(probs), np.array(labels))


def test_the_likelihood_of_saturated_logits_is_their_difference():
    logits = np.array([[1e4, -1e4], [-1e4, 1e4]], np.float32)
    assert negative_log_likelihood(logits, np.array([0, 0])) == pytest.approx(1e4)
    assert negative_log_likelihood(logits, np.array([0, 1])) == 0


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(2, 6), st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_errors_lie_in_0_to_1_and_do_not_depend_on_the_order(seed, n, classes, n_bins):
    rng = np.random.default_rng(seed)
    probs = np.round(rng.dirichlet(np.full(classes, 0.3), size=n), 1)  # many ties
    probs[:, 0] += 1 - probs.sum(axis=1)
    probs = np.clip(probs, 0, None) / np.clip(probs, 0, None).sum(axis=1, keepdims=True)
    labels, order = rng.integers(classes, size=n), rng.permutation(n)
    for measure in BINNED:
        error = measure(probs, labels, n_bins=n_bins)
        assert 0 <= error <= 1 + 1e-12
        assert measure(probs[order], labels[order], n_bins=n_bins) == pytest.approx(
            error, abs=1e-12
        )
    smooth = smooth_calibration_error(probs, labels)
    assert 0 <= smooth <= 1
    assert smooth_calibration_error(probs[order], labels[order]) == pytest.approx(smooth, abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
@settings(max_examples=25, deadline=None)
def test_overconfidence_everywhere_is_confidence_less_accuracy_for_any_bins(seed, n_bins):
    rng = np.random.default_rng(seed)
    confidence, outcome = rng.uniform(0.5, 1, 40), np.zeros(40, int)
    law = pytest.approx(confidence.mean() - outcome.mean())
    assert expected_calibration_error(confidence, outcome, n_bins=n_bins) == law
    assert adaptive_calibration_error(confidence, outcome, n_bins=n_bins) == law


@given(st.integers(0, 2**32 - 1), st.floats(-50, 50))
@settings(max_examples=20, deadline=None)
def test_a_constant_added_to_a_row_of_logits_changes_no_measure(seed, constant):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(40, 4)) * 3, rng.integers(4, size=40)
    moved = logits + constant * rng.normal(size=(40, 1))
    assert negative_log_likelihood(moved, labels) == pytest.approx(
        negative_log_likelihood(logits, labels)
    )
    for measure in (*BINNED, smooth_calibration_error, brier_score):
        before, after = (measure(softmax(z, axis=1), labels) for z in (logits, moved))
        assert after == pytest.approx(before, abs=1e-9)


def test_calibrated_data_has_the_error_that_its_size_explains():
    rng = np.random.default_rng(0)
    for n in (1_000, 100_000):
        probs, labels = sample(rng, n, 10)
        bins = reliability_bins(probs, labels)
        # each bin's gap is normal around 0: E|gap| = √(2/π) · σ, σ² ≤ Σ c (1 − c) / count²
        spread = np.sqrt(np.nan_to_num(bins.confidence * (1 - bins.confidence)) * bins.count)
        explained = np.sqrt(2 / np.pi) * spread.sum() / n
        assert expected_calibration_error(probs, labels) < 2 * explained


@pytest.mark.parametrize("measure", [*BINNED, debiased_calibration_error, smooth_calibration_error])
def test_one_sample_and_certainty_have_right_answers(measure):
    right, wrong = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert measure(right, np.array([0])) == pytest.approx(0, abs=2e-3)
    assert measure(wrong, np.array([0])) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize(("n", "classes"), [(300, 47), (9000, 40)])
def test_the_classwise_error_of_many_classes_is_the_sum_over_bins_written_out(n, classes):
    probs, labels = sample(np.random.default_rng(0), n, classes)
    errors = []
    for index in range(classes):
        column, outcome = probs[:, index], labels == index
        cells = np.ceil(column * 15).clip(min=1)
        gaps = [column[cells == cell].sum() - outcome[cells == cell].sum() for cell in range(1, 16)]
        errors.append(np.abs(gaps).sum() / n)
    assert classwise_calibration_error(probs, labels) == pytest.approx(np.mean(errors), rel=1e-10)


def test_the_first_of_equal_probabilities_is_the_prediction_in_every_block():
    """Ties of two, three and four classes, of which any may be the label."""
    rows = [[0.5, 0.5, 0, 0], [0, 0.4, 0.2, 0.4], [0.25] * 4, [0.1, 0.1, 0.1, 0.7], [0, 1, 0, 0]]
    for precision in (np.float64, np.float32, np.float16):
        probs = np.tile(np.array(rows, precision), (8000, 1))
        labels = np.random.default_rng(0).integers(4, size=len(probs))
        confidence, correct = top_label(probs, labels)
        np.testing.assert_array_equal(confidence, probs.max(axis=1))
        np.testing.assert_array_equal(correct, np.argmax(probs, axis=1) == labels)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 100.0, 1e4, 1e300])
def test_the_likelihood_is_that_of_scipy_at_every_scale_of_logits(scale):
    rng = np.random.default_rng(0)
    logits, labels = rng.uniform(-3, 3, (5000, 6)) * scale, rng.integers(6, size=5000)
    expected = (logsumexp(logits, axis=1) - logits[np.arange(5000), labels]).mean()
    assert negative_log_likelihood(logits, labels) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_logit_that_is_not_finite_is_refused_beside_the_label_as_well(bad):
    logits = np.zeros((5000, 3))
    logits[4321, 2] = bad
    with pytest.raises(ValueError, match="1 of 15000 NaN or infinite"):
        negative_log_likelihood(logits, np.zeros(5000, int))


def test_a_small_brier_score_keeps_its_digits():
    probs = np.tile([1 - 1e-9, 1e-9], (9000, 1))
    assert brier_score(probs, np.zeros(9000, int)) == pytest.approx(2e-18, rel=1e-6)


def test_half_precision_probabilities_are_taken_as_they_are():
    probs, labels = sample(np.random.default_rng(1), 400, 5)
    for precision, tolerance in ((np.float32, 1e-6), (np.float16, 2e-2)):
        rounded = expected_calibration_error(probs.astype(precision), labels)
        assert rounded == pytest.approx(expected_calibration_error(probs, labels), abs=tolerance)


@pytest.mark.parametrize(
    ("probs", "labels", "message"),
    [
        (np.array([[0.5, np.nan]]), [0], "1 of 2 NaN"),
        (np.array([[3.0, -2.0]]), [0], r"in \[0, 1\]"),
        (np.array([[0.5, 0.4]]), [0], "sum to 1"),
        (np.array([1.2]), [0], r"in \[0, 1\]"),
        (np.array([[0.5, 0.5]]), [2], r"labels in \[0, 2\)"),
        (np.array([[0.5, 0.5]]), [0.5], "integer labels"),
        (np.array([[0.5, 0.5]]), [np.nan], "integer labels"),
        (np.array([[0.5, 0.5]]), [0, 1], "labels of shape"),
        (np.zeros((0, 3)), [], "n > 0"),
        (np.zeros((2, 2, 2)), [0, 0], "probs"),
    ],
)
def test_what_is_no_probability_or_no_label_is_refused_with_its_reason(probs, labels, message):
    for measure in (*BINNED, brier_score):
        with pytest.raises(ValueError, match=message):
            measure(probs, np.array(labels))


def test_logits_that_are_not_finite_are_counted():
    with pytest.raises(ValueError, match="2 of 4 NaN or infinite"):
        negative_log_likelihood(np.array([[np.nan, 0], [np.inf, 0]]), np.array([0, 0]))


def test_the_interval_of_a_mean_is_the_normal_one():
    values = np.random.default_rng(0).normal(3, 2, 4000)
    low, high = bootstrap_interval(lambda v: float(v.mean()), values, seed=1)
    half = 1.96 * values.std() / np.sqrt(4000)
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)
    assert (low, high) == bootstrap_interval(lambda v: float(v.mean()), values, seed=1)


def test_a_paired_interval_is_narrower_than_its_parts():
    rng = np.random.default_rng(0)
    before = rng.normal(size=500)
    after = before - 0.1 + 0.01 * rng.normal(size=500)
    low, high = bootstrap_interval(lambda a, b: float((a - b).mean()), before, after, seed=0)
    assert 0.09 < low < 0.1 < high < 0.11


def test_intervals_of_the_calibration_error_hold_the_truth_as_often_as_they_say():
    rng, temperature, hits, rounds = np.random.default_rng(0), 2.0, 0, 120

    def draw(n):
        probs, labels = sample(rng, n, 5, sharpness=1.5)
        return softmax(np.log(probs) * temperature, axis=1).max(axis=1), (
            probs.argmax(axis=1) == labels
        ).astype(int)

    truth = expected_calibration_error(*draw(1_000_000))
    for seed in range(rounds):
        low, high = bootstrap_interval(
            expected_calibration_error, *draw(400), seed=seed, resamples=200
        )
        hits += low <= truth <= high
    assert hits / rounds > 0.89  # 95 % less four standard errors would be .87


@pytest.mark.parametrize(("arrays", "message"), [([], "one length"), ([[1], [1, 2]], "one length")])
def test_arrays_that_do_not_pair_are_refused(arrays, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(lambda *_: 0.0, *map(np.array, arrays), seed=0)


@pytest.mark.parametrize("n_bins", [2, 15])
def test_classwise_error_of_many_classes_none_of_them_probable(n_bins):
    """Each class' probability lies in the first bin, so its gap is that of its mean."""
    classes = 40
    rng = np.random.default_rng(0)
    probs, labels = rng.dirichlet(np.full(classes, 500.0), 30), rng.integers(0, classes, 30)
    gaps = [abs(probs[:, k].mean() - (labels == k).mean()) for k in range(classes)]
    found = classwise_calibration_error(probs, labels, n_bins=n_bins)
    assert found == pytest.approx(np.mean(gaps), rel=1e-12)


@pytest.mark.parametrize("n_bins", [0, -3, 1.5, 15.0])
@pytest.mark.parametrize("measure", [expected_calibration_error, adaptive_calibration_error])
def test_a_number_of_bins_is_an_integer_of_at_least_1(measure, n_bins):
    with pytest.raises(ValueError, match="integer n_bins ≥ 1"):
        measure(np.eye(2), np.array([0, 1]), n_bins=n_bins)

"""Risk–coverage curves, their areas, and thresholds of guaranteed risk."""

import numpy as np
import pytest
from scipy import stats

from atelier.calibration.rejection import (
    guaranteed_threshold,
    risk_area_intervals,
    risk_areas,
    risk_coverage,
)
from atelier.evaluation.detection import detection_metrics


def test_a_curve_of_five_samples_is_that_by_hand():
    curve = risk_coverage(np.array([0.2, 0.9, 0.5, 0.9, 0.1]), np.array([1, 0, 1, 1, 0], bool))
    np.testing.assert_array_equal(curve.threshold, [0.9, 0.5, 0.2, 0.1])
    np.testing.assert_allclose(curve.coverage, [0.4, 0.6, 0.8, 1.0])
    np.testing.assert_allclose(curve.risk, [1 / 2, 2 / 3, 3 / 4, 3 / 5])


def test_areas_of_distinct_scores_are_those_by_hand():
    """Wrong are the second and the third: risks 0, 1/2, 2/3, 1/2; ¼ of them, and by trapezoids."""
    areas = risk_areas(np.array([4, 3, 2, 1]), np.array([0, 1, 1, 0], bool))
    assert areas.aurc == pytest.approx((0 + 1 / 2 + 2 / 3 + 1 / 2) / 4)
    assert areas.augrc == pytest.approx((0 + 0.5 + 1.5 + 2) / 16)
    best = (0 + 0 + 1 / 3 + 2 / 4) / 4
    assert areas.excess_aurc == pytest.approx(areas.aurc - best)
    assert areas.excess_augrc == pytest.approx(areas.augrc - 0.5 * 0.5**2)


def test_areas_of_tied_scores_are_the_mean_over_all_orders():
    rng = np.random.default_rng(0)
    scores, wrong = rng.integers(0, 4, 30), rng.random(30) < 0.3
    orders = [risk_areas(scores + 0.5 * rng.random(30), wrong) for _ in range(4000)]
    tied, mean = risk_areas(scores, wrong), np.mean(orders, axis=0)
    np.testing.assert_allclose(tied, mean, atol=4 * np.std(orders, axis=0).max() / 4000**0.5)
    shuffled = rng.permutation(30)
    np.testing.assert_allclose(risk_areas(scores[shuffled], wrong[shuffled]), tied, rtol=1e-12)


def test_the_best_score_has_no_excess_and_chance_has_the_error_rate():
    wrong = np.arange(200) < 30
    best = risk_areas(-wrong.astype(float), wrong)
    assert best.augrc == pytest.approx(0.5 * 0.15**2)
    assert best.excess_augrc == pytest.approx(0, abs=1e-15)
    ranked = risk_areas(np.arange(200), wrong)  # the 30 lowest
    tail = sum((k - 170) / k for k in range(171, 201)) / 200
    assert ranked.aurc == pytest.approx(tail)
    assert ranked.excess_aurc == pytest.approx(0, abs=1e-15)
    chance = risk_areas(np.zeros(200), wrong)
    assert chance.aurc == pytest.approx(0.15)
    assert chance.augrc == pytest.approx(0.15 / 2)
    large = risk_areas(np.arange(10**5), np.arange(10**5) < 15_000)
    assert large.aurc == pytest.approx(0.15 + 0.85 * np.log(0.85), rel=1e-4)  # its limit


def test_augrc_is_a_function_of_accuracy_and_the_auroc_of_mistakes():
    """Traub et al. 2024, eq. 7: (1 − AUROC) acc (1 − acc) + ½ (1 − acc)²; ties count half."""
    rng = np.random.default_rng(1)
    wrong = rng.random(500) < 0.2
    scores = np.round(rng.normal(size=500) - wrong, 1)
    auroc, accuracy = detection_metrics(scores[~wrong], scores[wrong]).auroc, 1 - wrong.mean()
    expected = (1 - auroc) * accuracy * (1 - accuracy) + 0.5 * (1 - accuracy) ** 2
    assert risk_areas(scores, wrong).augrc == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("wrong", [np.zeros(6, bool), np.ones(6, bool)])
def test_areas_exist_where_all_are_right_or_all_are_wrong(wrong):
    areas = risk_areas(np.arange(6), wrong)
    assert areas.aurc == pytest.approx(wrong.mean())
    assert areas.augrc == pytest.approx(wrong.mean() / 2)
    assert areas.excess_aurc == pytest.approx(0, abs=1e-15)


def test_intervals_cover_the_population_in_95_of_100_samples():
    """Uniform scores u and errors of probability 0.4 (1 − u): AUGRC = ∫₀¹ ∫_t^1 0.4 (1 − u) du dt.

    That is 0.4 ∫ u (1 − u) du = 0.4 / 6.
    """
    rng = np.random.default_rng(2)
    inside = 0
    for seed in range(120):
        scores = rng.random(250)
        wrong = rng.random(250) < 0.4 * (1 - scores)
        low, high = risk_area_intervals(scores, wrong, seed=seed, resamples=150)
        inside += low.augrc <= 0.4 / 6 <= high.augrc
    assert 0.88 <= inside / 120 <= 0.99


def test_intervals_contain_the_estimate_and_repeat_with_their_seed():
    rng = np.random.default_rng(3)
    scores, wrong = np.round(rng.random(400), 2), rng.random(400) < 0.1
    low, high = risk_area_intervals(scores, wrong, seed=1, resamples=200)
    assert all(a <= b <= c for a, b, c in zip(low, risk_areas(scores, wrong), high, strict=True))
    assert risk_area_intervals(scores, wrong, seed=1, resamples=200) == (low, high)


def population(shape, t):
    """The risk of the samples above t, of uniform scores."""
    u = np.linspace(t, 1, 2001)
    return float(shape(u).mean())


SHAPES = {
    "falling": lambda u: 0.4 * (1 - u) ** 2,
    "just above the stated risk everywhere": lambda u: np.full_like(u, 0.101),
    "highest for the surest": lambda u: np.where(u > 0.9, 0.2, 0.08),
    "up and down": lambda u: 0.1 + 0.08 * np.sin(20 * u),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_stated_risk_is_exceeded_in_at_most_delta_of_the_draws(name):
    rng, draws, exceeded, found = np.random.default_rng(4), 500, 0, 0
    for _ in range(draws):
        scores = rng.random(400)
        wrong = rng.random(400) < SHAPES[name](scores)
        chosen = guaranteed_threshold(scores, wrong, risk=0.1, confidence=0.9)
        if chosen.coverage:
            found += 1
            assert chosen.risk <= chosen.bound <= 0.1 + 1e-9
            exceeded += population(SHAPES[name], max(chosen.threshold, 0)) > 0.1
    assert exceeded <= stats.binom.ppf(0.999, draws, 0.1)
    if name == "falling":
        assert found > 0.95 * draws  # not by rejecting everything


def test_a_threshold_takes_equal_scores_together_and_accepts_all_where_all_may_be_accepted():
    scores, wrong = np.repeat([0.0, 1.0], 500), np.repeat([True, False], 500)
    chosen = guaranteed_threshold(scores, wrong, risk=0.05)
    assert 0 < chosen.threshold <= 1
    assert (chosen.coverage, chosen.risk) == (0.5, 0.0)
    everything = guaranteed_threshold(scores, np.zeros(1000, bool), risk=0.05)
    assert (everything.threshold, everything.coverage) == (-np.inf, 1.0)


def test_the_bound_is_the_exact_upper_limit_of_the_binomial():
    """Of the largest 900 of 1,000 scores 9 are wrong: all 47 candidates that may pass share δ."""
    scores = np.arange(1000)
    wrong = (scores < 100) | (scores % 100 == 0)
    chosen = guaranteed_threshold(scores, wrong, risk=0.03, confidence=0.95)
    m, k = round(1000 * chosen.coverage), round(1000 * chosen.coverage * chosen.risk)
    tail = stats.binom.cdf(k, m, chosen.bound)
    candidates = sum(0.97 ** (20 * steps) <= 0.05 / 50 for steps in range(1, 51))
    assert 0.05 / 50 <= tail <= 0.05 / candidates + 1e-9


@pytest.mark.parametrize("n", [1, 10, 60])
def test_no_threshold_is_given_where_there_are_too_few_samples(n):
    chosen = guaranteed_threshold(np.arange(n), np.zeros(n, bool), risk=0.01)
    assert (chosen.threshold, chosen.coverage, chosen.bound) == (np.inf, 0.0, 1.0)
    assert np.isnan(chosen.risk)


def test_what_does_not_fit_is_an_error():
    scores, wrong = np.arange(4.0), np.zeros(4, bool)
    with pytest.raises(ValueError, match=r"Expected a risk in \(0, 1\)"):
        guaranteed_threshold(scores, wrong, risk=0)
    with pytest.raises(ValueError, match=r"Expected a confidence in \(0, 1\)"):
        guaranteed_threshold(scores, wrong, risk=0.1, confidence=1)
    with pytest.raises(ValueError, match="Expected scores and wrong"):
        risk_areas(scores, wrong[:3])
    with pytest.raises(ValueError, match="1 of 4 NaN or infinite"):
        risk_areas(np.array([0, 1, np.nan, 2]), wrong)


@pytest.mark.parametrize("wrong", [[0, 2], [-1, 0], [0.5, 1]])
def test_what_is_neither_right_nor_wrong_is_refused(wrong):
    with pytest.raises(ValueError, match="wrong 0 or 1"):
        risk_coverage(np.array([0.1, 0.2]), np.array(wrong))
    with pytest.raises(ValueError, match="wrong 0 or 1"):
        guaranteed_threshold(np.array([0.1, 0.2]), np.array(wrong), risk=0.1)


def test_a_single_sample_is_rejected_where_that_is_enough():
    """1 of 60 is wrong, risk 0.12, and 13 candidates with δ = 0.05 / 13 = 0.00385.

    P(k ≤ 1) of 60 is 0.00427, too much; P(k = 0) of the 59 without the lowest score is 0.00053.
    """
    chosen = guaranteed_threshold(np.arange(60), np.arange(60) == 0, risk=0.12, confidence=0.95)
    assert chosen.threshold == np.nextafter(0, 1)
    assert chosen.coverage == pytest.approx(59 / 60)
    assert chosen.risk == 0

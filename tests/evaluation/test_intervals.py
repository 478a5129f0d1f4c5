"""Bootstrap intervals of bounded measures."""

import numpy as np
import pandas as pd
import pytest

from atelier.calibration.tables import calibration_table
from atelier.cells.comparison import MEASURES, paired_gain, summarize_scores
from atelier.evaluation.intervals import NOT_NEGATIVE, SHARE, UNBOUNDED, bootstrap_interval
from atelier.promotion.comparison import Evaluation, compare_models
from atelier.promotion.params import MarginParams, PromotionParams


def mean(values):
    return float(values.mean())


def test_an_interval_is_cut_at_the_bounds_and_nowhere_else():
    values = np.r_[np.zeros(9), 0.21]
    free = bootstrap_interval(mean, values, seed=0)
    cut = bootstrap_interval(mean, values, seed=0, bounds=SHARE)
    assert free[0] < 0 < free[1]
    assert cut == (0.0, free[1])
    free = bootstrap_interval(mean, 1 - values, seed=0)
    assert bootstrap_interval(mean, 1 - values, seed=0, bounds=SHARE) == (free[0], 1.0)
    assert bootstrap_interval(mean, values, seed=0, bounds=UNBOUNDED)[0] < 0


def test_a_measure_outside_its_bounds_is_refused():
    with pytest.raises(ValueError, match=r"in \[0, 1\]. Received: 3"):
        bootstrap_interval(mean, np.full(5, 3.0), seed=0, bounds=SHARE)
    with pytest.raises(ValueError, match=r"in \[0, inf\]. Received: -1"):
        bootstrap_interval(mean, np.full(5, -1.0), seed=0, bounds=NOT_NEGATIVE)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_every_interval_of_segmentation_stays_in_the_range_of_its_measure(value):
    scores = np.r_[np.full(7, value), abs(value - 0.4)]
    table = pd.DataFrame(
        {
            "method": ["A"] * 8 + ["B"] * 8,
            "image": [str(index) for index in range(8)] * 2,
            **dict.fromkeys(MEASURES, np.r_[scores, 1 - scores]),
        }
    )
    rows = summarize_scores(table, seed=0).set_index(["method", "measure"])
    assert (rows["low"] >= 0).all()
    shares = rows.drop(index=["split", "merge"], level="measure")
    assert (shares["high"] <= 1).all()
    assert (rows["low"] <= rows["mean"]).all()
    assert (rows["mean"] <= rows["high"]).all()
    for measure in MEASURES:
        gain, low, high = paired_gain(table, "A", "B", measure, seed=0)
        assert low <= gain <= high
        assert measure in ("split", "merge") or -1 <= low <= high <= 1


def test_every_interval_of_calibration_stays_in_the_range_of_its_measure():
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=30)
    sure = np.full((30, 3), 1e-9)
    sure[np.arange(30), labels] = 1 - 2e-9
    wrong = np.roll(sure, 1, axis=1)
    mixed = np.where(rng.random((30, 1)) < 0.03, wrong, sure)
    table = calibration_table(
        {"first": sure, "second": wrong, "third": mixed}, labels, seed=0, resamples=50
    ).set_index("method")
    ranges = dict.fromkeys(("ece", "mce", "ace", "smooth", "classwise"), (0, 1)) | {
        "nll": (0, np.inf),
        "brier": (0, 2),
        "gain": (-1, 1),
        "debiased": (-1, 1),
    }
    for name, (least, largest) in ranges.items():
        assert (table[f"{name}_low"] >= least).all(), name
        assert (table[f"{name}_high"] <= largest).all(), name


def test_every_gain_of_a_promotion_stays_in_its_range():
    rng = np.random.default_rng(1)
    labels = np.zeros(12, int)
    sure, unsure = np.tile([1 - 1e-6, 1e-6], (12, 1)), np.tile([1e-6, 1 - 1e-6], (12, 1))
    unsure[0] = sure[0]
    slow, quick = 1000 * rng.lognormal(0, 3, 12), rng.lognormal(0, 3, 12)
    params = PromotionParams(
        margins=MarginParams(accuracy=0.1, nll=0.1, ece=0.1, latency=0.1),
        resamples=100,
        turns=12,
        batch=1,
        seed=0,
    )
    rows = compare_models(Evaluation(sure, quick), Evaluation(unsure, slow), labels, params)
    rows = rows.set_index("measure")
    assert (rows["high"][["accuracy", "ece", "latency"]] <= 1).all()
    assert (rows["low"][["accuracy", "ece"]] >= -1).all()
    assert (rows["low"] <= rows["gain"]).all()
    assert (rows["gain"] <= rows["high"]).all()


def test_an_interval_without_resamples_is_refused():
    with pytest.raises(ValueError, match="resamples ≥ 1. Received: 0"):
        bootstrap_interval(np.mean, np.ones(3), seed=0, resamples=0)

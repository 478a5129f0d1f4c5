"""No count, branch or key hangs on the last bit of a float: exact fractions are the truth."""

from decimal import Decimal, localcontext
from fractions import Fraction
from types import SimpleNamespace

import mpmath
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from atelier.cells.comparison import pictures_by_score
from atelier.cells.scores import OVERLAPS
from atelier.data.params import SplitParams
from atelier.data.shares import rounded_share
from atelier.data.splits import stratified_split
from atelier.drift.power import mix_out_of_distribution
from atelier.evaluation.calibration_error import expected_calibration_error
from atelier.maxout.networks import rectified_width
from atelier.promotion.comparison import Evaluation, compare_models
from atelier.promotion.params import MarginParams, PromotionParams
from atelier.segmentation.pixel_calibration import PixelSample, fit_platt_scale, reliability_table
from atelier.sweep.analysis import best_learning_rates
from atelier.sweep.optimizers import OPTIMIZERS
from atelier.sweep.plan import Plan
from atelier.sweep.splits import make_splits

HUNDREDTHS = st.integers(1, 99)


@given(HUNDREDTHS, st.integers(0, 10**9))
@example(14, 75)
@example(35, 170)
def test_a_share_of_a_whole_is_the_nearest_integer_and_of_two_the_even_one(hundredths, total):
    whole, rest = divmod(hundredths * total, 100)
    above = rest > 50 or (rest == 50 and whole % 2 == 1)
    assert rounded_share(hundredths / 100, total) == whole + above
    assert rounded_share(np.float64(hundredths / 100), total) == whole + above


@given(HUNDREDTHS, HUNDREDTHS, st.integers(3, 500), st.integers(0, 9))
@example(2, 30, 15, 0)
@example(1, 29, 45, 0)
@settings(deadline=None)
def test_splits_have_the_sizes_of_exact_shares(second, third, n, seed):
    if second + third >= 100:
        return
    first = 1 - Fraction(second + third, 100)
    cuts = np.clip(
        [round(first * n), round((1 - Fraction(third, 100)) * n)], [1, 2], [n - 2, n - 1]
    )
    shares = {"a": float(first), "b": second / 100, "c": third / 100}
    found = stratified_split(np.zeros(n, int), shares, seed=seed)
    np.testing.assert_array_equal([len(part) for part in found.values()], np.diff([0, *cuts, n]))


def test_shares_that_add_up_to_one_but_for_rounding_leave_nothing_for_training():
    assert 0.7 + 0.2 + 0.1 < 1  # in floats
    with pytest.raises(ValidationError, match=r"leave some for training. Received: 1.000"):
        SplitParams(validation=0.7, calibration=0.2, test=0.1, seed=0)


def test_the_selection_and_the_strangers_are_counted_exactly():
    # 0.14 · 75 = 10.5 gives 10, the even one; in floats it is 10.500…002
    parts = {"images": np.zeros((76, 2, 2, 1), np.uint8), "labels": np.zeros(76, int)}
    found = make_splits([], parts, train=1, selection=0.14, seed=0)
    assert len(found["selection_labels"]) == 10
    # 0.35 · 170 = 59.5 gives 60; in floats it is 59.499…
    mixed = mix_out_of_distribution(np.zeros((170, 1, 1, 1)), np.ones((5, 1, 1, 1)), 0.35, seed=0)
    assert mixed.sum() == 60


def plan(lowest, highest, rates):
    return Plan(
        optimizers=(next(iter(OPTIMIZERS)),), dropouts=(0.0,), lowest_rate=lowest,
        highest_rate=highest, rates=rates, seeds=(0,), batch_size=2, steps=None, chunk=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lowest", "highest", "rates"), [(1e-6, 1e-1, 11), (1e-6, 1e-1, 1000), (3e-4, 0.7, 57)]
)
def test_learning_rates_are_correctly_rounded(lowest, highest, rates):
    with mpmath.workdps(60):
        low, high = mpmath.mpf(str(lowest)), mpmath.mpf(str(highest))
        exact = [float(low * (high / low) ** (mpmath.mpf(i) / (rates - 1))) for i in range(rates)]
    np.testing.assert_array_equal(plan(lowest, highest, rates).learning_rates, exact)


def test_a_single_rate_is_the_lowest():
    assert plan(0.01, 0.1, 1).learning_rates.tolist() == [0.01]


def study(accuracy):
    logs = np.linspace(-6, -1, 51)
    return pd.DataFrame(
        {
            "optimizer": "sgd",
            "dropout": 0.0,
            "learning_rate": 10**logs,
            "seed": 0,
            "train_loss": 1.0,
            "selection_accuracy": [accuracy(log) for log in logs],
            "test_accuracy": 0.9,
            "test_nll": 1.0,
            "test_ece": 0.05,
            "diverged": False,
        }
    )


@pytest.mark.parametrize("top", [0.9, 0.97, 0.58, 0.7313])
def test_of_equally_good_rates_the_lowest_is_best_and_a_point_less_is_on_the_plateau(top):
    """From 10^−4.5 to 10^−3.5 the accuracy is ``top``, to 10^−2.5 a point less, else a half.

    Each level is a line's through the neighbours within a tenth of a decade, so the flat parts
    begin and end one step inside.
    """

    def accuracy(log):
        if -4.55 < log < -3.45:
            return top
        return round(top - 0.01, 4) if -3.45 < log < -2.45 else 0.5

    (row,) = best_learning_rates(study(accuracy), selection_images=100, test_images=100).to_dict(
        "records"
    )
    assert np.log10(row["best_rate"]) == pytest.approx(-4.4)
    assert row["plateau_decades"] == pytest.approx(1.8)


@pytest.mark.parametrize(("confidence", "margin"), [(0.7, 0.2), (0.6, 0.3), (0.8, 0.1)])
def test_a_loss_of_exactly_the_margin_is_no_worse(confidence, margin):
    labels = np.zeros(200, int)

    def says(share):
        return Evaluation(np.tile([share, 1 - share], (200, 1)), np.ones(5))

    margins = MarginParams(accuracy=0, nll=9, ece=margin, latency=9)
    params = PromotionParams(margins=margins, resamples=100, turns=5, batch=10, seed=0)
    table = compare_models(says(confidence), says(0.9), labels, params).set_index("measure")
    assert table.loc["ece", "verdict"] == "no worse"
    assert table.loc["nll", "verdict"] == "no worse"


@given(st.integers(1, 10**24), st.integers(1, 64), st.integers(1, 10**4))
def test_the_width_of_a_rival_is_the_rounded_root(parameters, side, classes):
    network = SimpleNamespace(count_params=lambda: parameters + classes)
    with localcontext(prec=80):
        linear = Decimal(side**2 + 2 + classes)
        root = ((linear**2 + 4 * parameters).sqrt() - linear) / 2
        assert rectified_width(network, shape=(side, side, 1), classes=classes) == round(root)


@given(st.integers(1, 60), st.integers(1, 60))
def test_pictures_are_spread_evenly_over_their_order(pictures, count):
    names = [f"{index:02}" for index in range(pictures)]
    table = pd.DataFrame({"image": names, "f1": np.arange(pictures) / pictures})
    shown = [int(name) for name in pictures_by_score(table, dict.fromkeys(names), count=count)]
    few = min(count, pictures)
    steps = max(few - 1, 1)
    assert shown == [round(Fraction(step * (pictures - 1), steps)) for step in range(few)]


def test_overlaps_are_the_floats_nearest_to_the_twentieths():
    assert OVERLAPS == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def test_the_diagram_of_pixels_has_the_bins_of_the_error_beside_it():
    probability = np.append(np.arange(16) / 15, [0.5, 1.0])  # on every edge, and inside
    labels = np.arange(18) % 2
    table = reliability_table(probability, labels)
    error = (table["share"] * (table["probability"] - table["frequency"]).abs()).sum()
    assert error == pytest.approx(expected_calibration_error(probability, labels, n_bins=15))
    # 0 and 1/15 share the first bin, 1/2 and 8/15 the eighth, 1 and 1 the last
    np.testing.assert_allclose(table["share"] * 18, [2, *[1] * 6, 2, *[1] * 6, 2])


def test_the_scale_of_pixels_is_found_where_log_odds_are_large():
    rng = np.random.default_rng(0)
    true = rng.normal(0, 2, 20_000)
    labels = (rng.random(len(true)) < 1 / (1 + np.exp(-true))).astype(np.int64)
    pixels = PixelSample(np.stack([np.zeros_like(true), 1e6 * (true - 1.5)], axis=1), labels)
    scale = fit_platt_scale(pixels)
    assert scale.slope == pytest.approx(1e-6, rel=0.06)
    assert scale.offset == pytest.approx(1.5, rel=0.06)

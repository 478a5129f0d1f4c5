"""Chance, collapse and tolerated ranges of planted trainings."""

import numpy as np
import pandas as pd
import pytest

from atelier.sweep.chance import accuracy_spread, chance_at_best
from atelier.sweep.collapse import collapse_probability
from atelier.sweep.interaction import rate_interaction
from atelier.sweep.sensitivity import rate_sensitivity

TRAININGS, IMAGES = 400, 1000


def errors(shared_deviation, seed=0):
    """Trainings whose error rates differ by image, and by a shift of each training."""
    rng = np.random.default_rng(seed)
    rate = rng.uniform(0.2, 0.8, IMAGES)
    shift = shared_deviation * rng.normal(size=(TRAININGS, 1))
    return rng.random((TRAININGS, IMAGES)) < np.clip(rate + shift, 0, 1)


def test_independent_errors_have_the_spread_of_the_law():
    spread = accuracy_spread(errors(0))
    # Σ p(1 - p) / n², p uniform on [.2, .8]: mean of p(1 - p) is .25 - .6² / 12
    assert spread["independent"] == pytest.approx(np.sqrt((0.25 - 0.03) / IMAGES), rel=0.03)
    assert spread["observed_low"] < spread["independent"] < spread["observed_high"]
    assert spread["on_all_images"] < 0.005


def test_what_trainings_differ_by_on_all_images_is_told_from_the_sampling_of_errors():
    spread = accuracy_spread(errors(0.03))
    assert spread["on_all_images"] == pytest.approx(0.03, rel=0.1)
    assert spread["ratio"] > 1.5


def test_the_variance_is_the_sum_of_all_covariances():
    correct = errors(0.05)[:50, :40]
    covariance = np.cov(correct.T.astype(float))
    spread = accuracy_spread(correct)
    assert spread["observed"] ** 2 == pytest.approx(covariance.sum() / 40**2)
    assert spread["independent"] ** 2 == pytest.approx(np.trace(covariance) / 40**2)
    off_diagonal = (covariance.sum() - np.trace(covariance)) / (40 * 39)
    assert spread["on_all_images"] ** 2 == pytest.approx(max(off_diagonal, 0))


def test_the_interval_of_the_deviation_is_that_of_chi_squared():
    spread = accuracy_spread(errors(0.05)[:10])
    # 97.5 % and 2.5 % quantiles of chi-squared with 9 degrees of freedom, from a printed table
    assert spread["observed_low"] / spread["observed"] == pytest.approx(
        np.sqrt(9 / 19.023), rel=1e-3
    )
    assert spread["observed_high"] / spread["observed"] == pytest.approx(
        np.sqrt(9 / 2.700), rel=1e-3
    )


@pytest.mark.parametrize("shape", [(1, 5), (5, 1)])
def test_one_training_or_one_image_has_no_spread(shape):
    with pytest.raises(ValueError, match="at least two trainings and two images"):
        accuracy_spread(np.ones(shape, bool))


def rows(rates, accuracies, *, seeds=(0,), dropout=0.0, **columns):
    table = pd.DataFrame(
        {"learning_rate": rate, "test_accuracy": accuracy, "seed": seed}
        for rate, accuracy in zip(rates, accuracies, strict=True)
        for seed in seeds
    )
    return table.assign(
        **{"optimizer": "sgd", "dropout": dropout, "selection_accuracy": table["test_accuracy"]}
        | {"train_loss": 1.0, "test_nll": 1.0, "test_ece": 0.1, "diverged": False}
        | columns
    )


def best(rate, accuracy, dropout=0.0):
    return pd.DataFrame(
        {"optimizer": ["sgd"], "dropout": dropout, "best_rate": rate, "test_accuracy": accuracy}
    )


def test_chance_is_of_the_members_near_the_best_rate_and_needs_two_of_them():
    table = rows([1e-3, 1.1e-3, 1e-2], [0.5, 0.5, 0.5], seeds=(0, 1))
    table = pd.concat([table, rows([1e-3], [0.5], dropout=0.5)], ignore_index=True)
    correct = np.random.default_rng(0).random((len(table), 100)) < 0.5
    both = pd.concat([best(1e-3, 0.5, 0.5), best(1e-3, 0.5)])
    (row,) = chance_at_best(table, correct, both).to_dict("records")
    assert (row["dropout"], row["trainings"], row["seeds"], row["rates"]) == (0.0, 4, 2, 2)
    assert row["observed"] == pytest.approx(correct[:4].mean(1).std(ddof=1))


def test_a_collapse_is_less_than_half_of_the_best_and_is_counted_from_the_best_rate_on():
    table = rows([1e-4, 1e-3, 1e-2], [0.1, 0.8, 0.8], seeds=range(12))
    table.loc[table.index[-4:], "test_accuracy"] = [0.39, 0.41, 0.0, 0.1]  # half of .8 is .4
    result = collapse_probability(table, best(1e-3, 0.8))
    assert result["learning_rate"].tolist() == [1e-3, 1e-2]
    assert result["collapsed"].tolist() == [0, 3 / 12]
    # Wilson 1927 by hand: (p + z²/2n ± z·√(p(1 - p)/n + z²/4n²)) / (1 + z²/n)
    z, p, n = 1.959964, 0.25, 12
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    assert result[["low", "high"]].to_numpy()[1] == pytest.approx([middle - half, middle + half])


def test_neighbouring_rates_count_as_repetitions_of_a_collapse():
    rates = np.geomspace(1e-3, 1e-2, 101)  # ten within a tenth of a decade on either side
    result = collapse_probability(rows(rates, np.where(rates < 5e-3, 0.8, 0.0)), best(1e-3, 0.8))
    middle = result.iloc[50]
    assert (middle["trainings"], middle["rates"], middle["seeds"]) == (21, 21, 1)
    assert result["collapsed"].is_monotonic_increasing


def test_areas_and_width_of_a_triangle_are_those_of_geometry():
    """Accuracy falls by .02 a decade on both sides: a loss of l is reached l / .02 decades away."""
    logs = np.linspace(-6, -1, 21)
    accuracy = 0.8 - 0.02 * np.abs(logs + 3.5)
    table = rows(10.0**logs, accuracy)
    correct = np.arange(50_000) < 50_000 * accuracy[:, None]
    (row,) = rate_sensitivity(table, correct, best(10.0**-3.5, 0.8), images=50_000, seed=0).to_dict(
        "records"
    )
    assert [row["area_1"], row["area_5"], row["plateau"]] == pytest.approx([0.5, 2.5, 1.0])
    for name in ("area_1", "area_5", "plateau"):
        assert 0 <= row[f"{name}_low"] <= row[name] <= row[f"{name}_high"] <= 5


def test_a_range_is_never_wider_than_the_grid():
    table = rows([1e-3, 1e-2, 1e-1], [0.8, 0.8, 0.8])
    (row,) = rate_sensitivity(table, None, best(1e-2, 0.8), images=1000, seed=0).to_dict("records")
    assert row["area_1"] == row["plateau"] == row["plateau_high"] == pytest.approx(2)
    assert row["plateau_low"] == 0  # the images are unknown: a difference of a point is noise


def test_the_best_rate_of_each_batch_size_is_the_planted_one():
    rates = np.geomspace(1e-4, 1, 9)
    sizes = {8: 1e-3, 32: 1e-2, 128: 1e-1}
    tables = [
        rows(rates, 0.8 - 0.1 * np.abs(np.log10(rates / peak)), seeds=(0, 1), batch_size=size)
        for size, peak in sizes.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    correct = np.arange(1000) < 1000 * table["test_accuracy"].to_numpy()[:, None]
    result = rate_interaction(table, correct, selection_images=1000, test_images=1000, seed=0)
    assert dict(zip(result["batch_size"], result["best_rate"], strict=True)) == pytest.approx(sizes)
    assert result["area_5"].to_numpy() == pytest.approx(0.5, abs=0.05)  # half a decade, one rate

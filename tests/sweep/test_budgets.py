"""The best of k trainings: every draw enumerated, and planted arms."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from atelier.sweep.budgets import choice_probabilities, compare_budgets, rate_weights

RATES = np.geomspace(1e-5, 1e-1, 10)
IMAGES = 2000


def arm(accuracies, *, optimizer="sgd", seeds=4, rates=RATES):
    """An arm whose trainings of all seeds reach the same accuracy, on nested sets of images."""
    rows = [
        {"optimizer": optimizer, "dropout": 0.0, "learning_rate": rate, "seed": seed}
        | {"selection_accuracy": accuracy, "test_accuracy": accuracy}
        for rate, accuracy in zip(rates, accuracies, strict=True)
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows)


def nested(table):
    """The first images are correct: two arms differ only where their accuracies do."""
    return np.arange(IMAGES) < np.round(table["test_accuracy"].to_numpy()[:, None] * IMAGES)


def compared(*arms):
    table = pd.concat(arms, ignore_index=True)
    curves, overtaking = compare_budgets(table, nested(table), images=IMAGES, seed=0)
    return curves, overtaking.set_index(["optimizer", "other_optimizer"])


@pytest.mark.parametrize("draws", [1, 2, 3, 4])
def test_probabilities_of_choice_are_those_of_all_draws_enumerated(draws):
    selection = np.array([0.3, 0.7, 0.7, 0.1, 0.7])
    weights = np.array([1.0, 2.0, 1.0, 0.5, 0.5])
    truth = np.zeros(5)
    for drawn in product(range(5), repeat=draws):
        probability = np.prod(weights[list(drawn)] / weights.sum())
        best = [i for i in drawn if selection[i] == selection[list(drawn)].max()]
        for index in best:
            truth[index] += probability / len(best)
    result = choice_probabilities(selection, weights, np.array([draws]))
    np.testing.assert_allclose(result[0], truth)


def test_a_training_is_chosen_by_selection_and_reported_on_the_test_images():
    table = arm([0.1, 0.9], rates=RATES[:2], seeds=1).assign(test_accuracy=[0.6, 0.2])
    curves, _ = compare_budgets(table, None, images=IMAGES, seed=0)
    expected = [0.6 * 0.5**k + 0.2 * (1 - 0.5**k) for k in range(1, 51)]
    np.testing.assert_allclose(curves["test_accuracy"], expected)


def test_a_narrow_peak_overtakes_a_flat_arm_when_it_is_likely_enough_to_be_found():
    """One rate in ten reaches 1: 1 - .9^k exceeds .5 first at k = 7."""
    peak, flat = arm([0] * 5 + [1] + [0] * 4, optimizer="adam"), arm([0.5] * 10)
    _, overtaking = compared(peak, flat)
    assert overtaking.loc[("adam", "sgd"), ["outcome", "k"]].tolist() == ["overtakes", 7]
    assert overtaking.loc[("sgd", "adam"), ["outcome", "k"]].tolist() == ["overtakes", 1]


def test_equal_arms_never_overtake_each_other_and_noise_is_chance():
    rng = np.random.default_rng(0)
    twin = compared(arm([0.5] * 10), arm([0.5] * 10, optimizer="adam"))[1]
    assert set(twin["outcome"]) == {"never up to 50"}
    assert twin["k"].isna().all()
    table = pd.concat([arm([0.5] * 10), arm([0.5] * 10, optimizer="adam")], ignore_index=True)
    correct = rng.random((2, IMAGES)) < 0.5
    correct = np.repeat(correct, 40, axis=0)
    table = table.assign(test_accuracy=correct.mean(1))
    _, noise = compare_budgets(table, correct, images=IMAGES, seed=0)
    assert sorted(noise["outcome"]) == ["never up to 50", "not more than chance"]


def test_arms_of_one_training_for_each_rate_are_not_compared():
    _, overtaking = compared(arm([0.9] * 10, seeds=1), arm([0.1] * 10, optimizer="adam", seeds=1))
    assert set(overtaking["outcome"]) == {"one training of each rate"}


def test_an_arm_without_the_whole_grid_is_left_out_and_one_that_needs_no_rate_is_not():
    part = arm([0.9] * 5, optimizer="adam", rates=RATES[5:])
    free = arm([0.7], optimizer="dog", rates=[1.0])
    curves, _ = compared(arm([0.5] * 10), part, free)
    assert set(curves["optimizer"]) == {"sgd", "dog"}
    free_curve = curves[curves["optimizer"] == "dog"]["test_accuracy"]
    np.testing.assert_allclose(free_curve, 0.7)


@pytest.mark.parametrize("stored", [True, False])
def test_the_band_of_a_constant_arm_is_that_of_the_binomial(stored):
    table = arm([0.5] * 10)
    correct = nested(table) if stored else None
    curves, _ = compare_budgets(table, correct, images=IMAGES, seed=0)
    half = (curves["high"] - curves["low"]) / 2
    np.testing.assert_allclose(half, 1.96 * np.sqrt(0.25 / IMAGES), rtol=0.15)


def test_the_band_contains_the_luck_of_trainings():
    """Two seeds of accuracy .4 and .6 at every rate: at k = 1 one draw of ten pairs is averaged."""
    table = arm([0.5] * 10, seeds=2)
    table["test_accuracy"] = np.where(table["seed"] == 0, 0.4, 0.6)
    curves, _ = compare_budgets(table, nested(table), images=IMAGES, seed=0)
    first = curves.iloc[0]
    luck, sampling = 0.1**2 / 20, 0.25 / IMAGES
    assert (first["high"] - first["low"]) / 2 == pytest.approx(
        1.96 * np.sqrt(luck + sampling), rel=0.15
    )


def test_a_rate_of_many_seeds_is_drawn_as_often_as_another():
    rates = np.array([0.01, 0.1, 0.1, 0.1, 1.0])
    np.testing.assert_allclose(rate_weights(rates), [1, 1 / 3, 1 / 3, 1 / 3, 1])

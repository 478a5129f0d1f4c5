"""Dropout against hand values, exact enumeration and the binomial law."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from atelier.dropout.averages import thinned_averages
from atelier.dropout.expectation import (
    EXAMPLE_ACTIVATIONS,
    EXAMPLE_MASK,
    all_masks,
    mask_probabilities,
    scaled_at_test,
    scaled_at_training,
    scaling_example,
)
from atelier.dropout.generalization import generalization_gap, summarize_gap
from atelier.dropout.monte_carlo import MonteCarloDropout, evaluate_confidence, monte_carlo_dropout
from atelier.dropout.networks import forward
from atelier.dropout.params import GapParams, WeightUpdateParams
from atelier.dropout.training import DropoutTrainer, active_units
from atelier.dropout.weight_updates import OPTIMIZERS, measure_weight_updates, update_statistics

RATES = {"SGD": 0.1, "momentum": 0.1, "Adagrad": 0.1, "Adadelta": 1, "RMSprop": 0.01, "Adam": 0.01}


def test_both_ways_of_scaling_by_hand():
    x, mask = np.array([1.0, 2, 3, 4]), np.array([1, 0, 1, 1])
    np.testing.assert_array_equal(scaled_at_training(x, mask, keep=0.5), [2, 0, 6, 8])
    np.testing.assert_array_equal(scaled_at_test(x, mask, keep=0.5), [1, 0, 3, 4])
    np.testing.assert_array_equal(scaled_at_test(x, None, keep=0.5), x / 2)
    np.testing.assert_array_equal(scaled_at_training(x, None, keep=0.5), x)


def test_the_example_of_the_post_with_its_sum_corrected():
    scaled = scaled_at_training(EXAMPLE_ACTIVATIONS, EXAMPLE_MASK, keep=0.5)
    np.testing.assert_array_equal(scaled, [2, 0, 0, 8, 10, 0, 14, 0])
    table = scaling_example().set_index("scaling")
    assert table.loc["at_training", "mask_sum"] == 34
    assert table.loc["at_training", "test_sum"] == 36


@pytest.mark.parametrize("keep", [0.5, 0.8, 0.1])
def test_the_average_over_all_masks_is_the_value_at_test_time(keep):
    table = scaling_example(keep=keep)
    assert (table["largest_gap"] < 1e-12).all()


def test_the_probabilities_of_all_masks_sum_to_one():
    assert mask_probabilities(all_masks(6), keep=0.3).sum() == pytest.approx(1)


def test_active_units_follow_the_binomial_law():
    counts = active_units(200, drop=0.5, batches=4000, seed=0)
    assert counts.mean() == pytest.approx(100, abs=4 * np.sqrt(50 / 4000))
    assert counts.var() == pytest.approx(50, rel=0.1)


def problem(rng, n=400):
    centres = rng.normal(size=(3, 8)) * 1.5
    labels = rng.integers(3, size=n)
    return (centres[labels] + rng.normal(size=(n, 8))).astype(np.float32), labels


def test_the_trainer_learns_and_the_same_seed_gives_the_same_weights():
    x, labels = problem(np.random.default_rng(0))
    trainer = DropoutTrainer((8, 16, 3), batch_size=20, learning_rate=0.01)
    first = trainer(x, labels, drop=0.3, steps=300, seed=1)
    other = trainer(x, labels, drop=0.0, steps=5, seed=2)
    again = trainer(x, labels, drop=0.3, steps=300, seed=1)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first[0], other[0])
    assert (forward(first, x).argmax(axis=1) == labels).mean() > 0.9


def test_the_geometric_mean_of_all_thinned_networks_is_the_scaled_network():
    """Exact for one hidden layer into a softmax (Srivastava et al. 2014; Baldi & Sadowski 2013)."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) for shape in ((6, 5), (5,), (5, 4), (4,))]
    x = rng.normal(size=(30, 6))
    result = thinned_averages(weights, x, keep=0.5)
    np.testing.assert_allclose(result.geometric, result.scaled, atol=1e-12)
    by_hand = np.mean(
        [softmax(forward(weights, x, scales=[mask / 0.5]), axis=1) for mask in all_masks(5)],
        axis=0,
    )
    np.testing.assert_allclose(result.arithmetic, by_hand, atol=1e-12)
    assert np.abs(result.arithmetic - result.scaled).max() > 0.05


def test_monte_carlo_tends_to_the_exact_average():
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) for shape in ((6, 5), (5,), (5, 4), (4,))]
    x = rng.normal(size=(20, 6))
    exact = thinned_averages(weights, x, keep=0.5).arithmetic
    monte_carlo = monte_carlo_dropout(weights, x, drop=0.5, samples=4000, seed=0)
    assert np.abs(monte_carlo.mean - exact).max() < 4 * 0.5 / np.sqrt(4000)
    assert monte_carlo.spread.shape == (20,)


def weight_updates(optimizer, *, per_sample=False, units=40, batches=30, batch_size=8):
    params = WeightUpdateParams(
        units=units, drop=0.5, batches=batches, batch_size=batch_size, rates=RATES
    )
    x, labels = problem(np.random.default_rng(0))
    return measure_weight_updates(
        x, labels, optimizer, params, classes=3, per_sample=per_sample, seed=0
    )


@pytest.mark.parametrize("optimizer", ["SGD", "Adagrad", "Adadelta", "RMSprop"])
def test_optimizers_without_memory_of_the_direction_update_active_units_only(optimizer):
    result = weight_updates(optimizer)
    np.testing.assert_array_equal((result.steps > 0).all(axis=2), result.active)
    assert update_statistics(result)["dropped_over_active"] == 0
    assert update_statistics(result)["updated_per_batch"] == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("optimizer", ["momentum", "Adam"])
def test_momentum_and_adam_update_the_weights_of_dropped_units(optimizer):
    result = weight_updates(optimizer)
    ever = np.logical_or.accumulate(result.active)
    np.testing.assert_array_equal((result.steps > 0).all(axis=2), ever)
    assert update_statistics(result)["dropped_over_active"] > 0.3


def test_weights_updated_after_n_batches_follow_one_minus_p_to_the_n():
    result = weight_updates("SGD", units=2000, batches=4)
    so_far = np.maximum.accumulate(result.steps > 0).mean(axis=(1, 2))
    np.testing.assert_allclose(so_far, 1 - 0.5 ** np.arange(1, 5), atol=0.05)


def test_a_mask_for_each_sample_updates_nearly_every_weight_at_once():
    result = weight_updates("SGD", per_sample=True, units=2000, batches=2)
    assert (result.steps[0] > 0).mean() == pytest.approx(1 - 0.5**8, abs=0.01)


def test_every_optimizer_has_the_same_masks():
    active = [weight_updates(name).active for name in OPTIMIZERS]
    for other in active[1:]:
        np.testing.assert_array_equal(other, active[0])


def test_the_gap_closes_as_images_are_added():
    rng = np.random.default_rng(0)
    x, labels = problem(rng, 1000)
    params = GapParams(
        sizes=(15, 600), width=32, drop=0.5, steps=150, batch_size=20, learning_rate=0.01,
        seeds=(0, 1), samples=2,
    )  # fmt: skip
    table, _ = generalization_gap(
        (x[:600], labels[:600]), (x[600:], labels[600:]), params, classes=3
    )
    assert len(table) == 2 * 2 * 2
    gap = (table["test_error"] - table["train_error"]).groupby(table["images"]).mean()
    assert gap[15] > gap[600]
    assert (table["test_error_low"] <= table["test_error"]).all()


def test_the_summary_is_of_the_most_images():
    table = pd.DataFrame(
        [
            *[(10, 0.0, 0, 0.0, 0.9), (20, 0.0, 0, 0.1, 0.4), (20, 0.0, 1, 0.2, 0.4)],
            *[(10, 0.5, 0, 0.5, 0.6), (20, 0.5, 0, 0.3, 0.4), (20, 0.5, 1, 0.4, 0.6)],
        ],
        columns=["images", "dropout", "seed", "train_error", "test_error"],
    ).assign(n=50)
    result = summarize_gap(table)
    assert result.pop("gap_without_dropout") == pytest.approx((0.3 + 0.2) / 2)
    assert result.pop("gap_with_dropout") == pytest.approx((0.1 + 0.2) / 2)
    assert result.pop("error_without_dropout") == pytest.approx(0.4)
    assert result.pop("error_with_dropout") == pytest.approx(0.5)
    assert result == {"images": 20, "seeds": 2, "n": 50}


def test_a_spread_that_is_large_at_every_error_has_an_auroc_of_one():
    weights = [np.eye(2), np.zeros(2), np.eye(2), np.zeros(2)]
    x, labels = np.array([[2.0, 0], [0, 1], [1, 0], [3, 0]]), np.array([0, 1, 1, 0])
    probs = softmax(forward(weights, x), axis=1)
    monte_carlo = MonteCarloDropout(probs, np.array([0.1, 0.2, 0.9, 0.1]))
    curves, table = evaluate_confidence(weights, x, labels, monte_carlo)
    np.testing.assert_allclose(curves["monte_carlo_spread"], [0, 0, 0, 0.25])
    rows = table.set_index("confidence")
    assert rows.loc["monte_carlo_spread", "auroc"] == 1
    assert pd.isna(rows.loc["monte_carlo_spread", "ece"])

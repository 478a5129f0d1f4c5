"""Nodes of the dropout pipeline."""

from typing import Any

import pandas as pd

from atelier import data, dropout, training
from atelier.dropout import GapParams, ThinnedParams, WeightUpdateParams
from atelier.training import MachineParams
from atelier.types import Animation, Array, Arrays, Labels, Metrics

EXAMPLE_UNITS, EXAMPLE_DROP, BATCHES = 200, 0.5, 10_000
FRAMES = 12
"""Batches of the animation, at most."""


def expectation_example(machine: MachineParams) -> tuple[pd.DataFrame, Arrays]:
    """Computes the example of eight neurons, and how many of 200 units are active in each batch."""
    training.make_reproducible(machine.seed, machine.threads)
    counts = dropout.active_units(
        EXAMPLE_UNITS, drop=EXAMPLE_DROP, batches=BATCHES, seed=machine.seed
    )
    return dropout.scaling_example(keep=1 - EXAMPLE_DROP), {"counts": counts}


def _flat(split: Arrays) -> tuple[Array, Labels]:
    """Returns the images as rows of pixels in [0, 1], and their labels."""
    images = training.to_unit(split["images"])
    return images.reshape(len(split["labels"]), -1), split["labels"]


def study_gap(
    train: Arrays,
    test: Arrays,
    provenance: dict[str, Any],
    params: GapParams,
    machine: MachineParams,
) -> tuple[pd.DataFrame, Arrays, pd.DataFrame]:
    """Measures the generalization gap, and Monte Carlo dropout as a confidence score."""
    training.make_reproducible(machine.seed, machine.threads)
    shuffled = _flat(data.random_subset(train, seed=machine.seed))
    x, labels = _flat(test)
    table, weights = dropout.generalization_gap(
        shuffled, (x, labels), params, classes=len(provenance["classes"])
    )
    monte_carlo = dropout.monte_carlo_dropout(
        weights, x, drop=params.drop, samples=params.samples, seed=machine.seed
    )
    return table, *dropout.evaluate_confidence(weights, x, labels, monte_carlo)


def study_weight_updates(
    train: Arrays, provenance: dict[str, Any], params: WeightUpdateParams, machine: MachineParams
) -> tuple[pd.DataFrame, Arrays]:
    """Records which weights each optimizer updates, under one mask per batch and per sample."""
    training.make_reproducible(machine.seed, machine.threads)
    classes = len(provenance["classes"])
    return dropout.compare_optimizers(*_flat(train), params, classes=classes, seed=machine.seed)


def average_thinned(
    train: Arrays,
    test: Arrays,
    provenance: dict[str, Any],
    params: ThinnedParams,
    machine: MachineParams,
) -> Arrays:
    """Averages all thinned networks of a small network exactly, beside the scaled network."""
    training.make_reproducible(machine.seed, machine.threads)
    x, labels = _flat(train)
    widths = (x.shape[1], params.units, len(provenance["classes"]))
    trainer = dropout.DropoutTrainer(widths, batch_size=32, learning_rate=0.003)
    weights = trainer(x, labels, drop=params.drop, steps=params.steps, seed=machine.seed)
    x, labels = _flat(test)
    averages = dropout.thinned_averages(weights, x, keep=1 - params.drop)
    return averages._asdict() | {"labels": labels}


def summarise_dropout(
    gaps: pd.DataFrame, confidences: pd.DataFrame, weight_updates: pd.DataFrame
) -> Metrics:
    """Summarises the gap, the detection of errors, and the updates of dropped units."""
    rows = confidences.set_index("confidence").to_dict("index")
    monte_carlo = {
        f"monte_carlo_{name}": rows["monte_carlo_mean"][name]
        for name in ("auroc", "auroc_low", "auroc_high")
    }
    return dropout.summarize_gap(gaps) | monte_carlo | dropout.dropped_update_ratios(weight_updates)


def draw_dropout(
    counts: Arrays,
    gaps: pd.DataFrame,
    curves: Arrays,
    weight_updates: pd.DataFrame,
    steps: Arrays,
    averages: Arrays,
    provenance: dict[str, Any],
    params: WeightUpdateParams,
    thinned: ThinnedParams,
) -> tuple[Any, Any, Any, Any, Any, Animation]:
    """Draws active units, gap, weight updates, averages, confidence, and an animation."""
    name, n = provenance["name"], int(gaps["n"].iloc[0])
    figures = dropout.figures
    return (
        figures.active_units_figure(counts["counts"], units=EXAMPLE_UNITS, keep=1 - EXAMPLE_DROP),
        figures.gap_figure(gaps, title=f"{name}: error with and without dropout, n = {n:,}"),
        figures.weight_updates_figure(weight_updates, steps, drop=params.drop),
        figures.averages_figure(averages, averages["labels"], units=thinned.units),
        figures.rejection_figure(curves, title=f"{name}: rejecting the least confident, n = {n:,}"),
        figures.weight_updates_animation(steps, frames=min(FRAMES, params.batches)),
    )

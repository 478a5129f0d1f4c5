"""Nodes of the dropout pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier.dropout.params import GapParams, ThinnedParams, WeightUpdateParams
from atelier.training.params import MachineParams
from atelier.types import Animation, Array, Arrays, Labels, Metrics

EXAMPLE_UNITS, EXAMPLE_DROP, BATCHES, FRAMES = 200, 0.5, 10_000, 12


def expectation_example(machine: MachineParams) -> tuple[pd.DataFrame, Arrays]:
    """The post's example both ways; how many of 200 units each batch keeps."""
    from atelier.dropout.expectation import active_units, scaling_example
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    counts = active_units(EXAMPLE_UNITS, drop=EXAMPLE_DROP, batches=BATCHES, seed=machine.seed)
    return scaling_example(keep=1 - EXAMPLE_DROP), {"counts": counts}


def _flat(split: Arrays) -> tuple[Array, Labels]:
    from atelier.training.batches import to_unit

    return to_unit(split["images"]).reshape(len(split["labels"]), -1), split["labels"]


def study_gap(
    train: Arrays,
    test: Arrays,
    provenance: dict[str, Any],
    params: GapParams,
    machine: MachineParams,
) -> tuple[pd.DataFrame, Arrays, pd.DataFrame]:
    """The gap that overfitting opens and dropout closes; Monte-Carlo dropout as a confidence."""
    from atelier.data.splits import random_subset
    from atelier.dropout.generalization import generalization_gap
    from atelier.dropout.monte_carlo import evaluate_confidence, monte_carlo_dropout
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    table, weights = generalization_gap(
        _flat(random_subset(train, seed=machine.seed)),
        _flat(test),
        params,
        classes=len(provenance["classes"]),
    )
    x, labels = _flat(test)
    drawn = monte_carlo_dropout(
        weights, x, drop=params.drop, samples=params.samples, seed=machine.seed
    )
    curves, judged = evaluate_confidence(weights, x, labels, drawn)
    return table, curves, judged


def study_weight_updates(
    train: Arrays, provenance: dict[str, Any], params: WeightUpdateParams, machine: MachineParams
) -> tuple[pd.DataFrame, Arrays]:
    """Which weights each optimizer moves, under one mask for the batch or one for each sample."""
    from atelier.dropout.weight_updates import OPTIMIZERS, measure_weight_updates, update_statistics
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    x, labels = _flat(train)
    rows, steps = [], {}
    for per_sample in (False, True):
        for name in OPTIMIZERS:
            found = measure_weight_updates(
                x,
                labels,
                name,
                params,
                classes=len(provenance["classes"]),
                per_sample=per_sample,
                seed=machine.seed,
            )
            masks = params.batch_size if per_sample else 1
            row: dict[str, Any] = {"optimizer": name, "mask": "sample" if per_sample else "batch"}
            rows.append(
                row | {"expected_per_batch": 1 - params.drop**masks} | update_statistics(found)
            )
            if not per_sample:
                steps[name] = found.steps
    return pd.DataFrame(rows), steps


def average_thinned(
    train: Arrays,
    test: Arrays,
    provenance: dict[str, Any],
    params: ThinnedParams,
    machine: MachineParams,
) -> Arrays:
    """All 2ⁿ thinned networks, averaged exactly, beside the scaled one."""
    from atelier.dropout.averages import thinned_averages
    from atelier.dropout.networks import DropoutTrainer
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    x, labels = _flat(train)
    widths = (x.shape[1], params.units, len(provenance["classes"]))
    trainer = DropoutTrainer(widths, batch_size=32, learning_rate=0.003)
    weights = trainer(x, labels, drop=params.drop, steps=params.steps, seed=machine.seed)
    seen, true = _flat(test)
    found = thinned_averages(weights, seen, keep=1 - params.drop)
    return found._asdict() | {"labels": true}


def summarise_dropout(
    gaps: pd.DataFrame, judged: pd.DataFrame, weight_updates: pd.DataFrame
) -> Metrics:
    """The gap with and without dropout, who finds the errors, who moves dropped units."""
    from atelier.dropout.generalization import summarize_gap
    from atelier.dropout.weight_updates import dropped_update_ratios

    (found,) = judged[judged["confidence"] == "Monte-Carlo mean"].to_dict("records")
    known = {f"monte_carlo_{name}": found[name] for name in ("auroc", "auroc_low", "auroc_high")}
    return summarize_gap(gaps) | known | dropped_update_ratios(weight_updates)


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
    """Draws the active units, the gap, weight updates, averages, confidence and an animation."""
    from atelier.dropout.figures import (
        active_units_figure,
        averages_figure,
        gap_figure,
        rejection_figure,
        weight_updates_animation,
        weight_updates_figure,
    )

    name, n = provenance["name"], int(gaps["n"].iloc[0])
    moved = {
        one: np.maximum.accumulate(change > 0).mean(axis=(1, 2)) for one, change in steps.items()
    }
    return (
        active_units_figure(counts["counts"], units=EXAMPLE_UNITS, keep=1 - EXAMPLE_DROP),
        gap_figure(gaps, title=f"{name}: overfitting with and without dropout, n = {n:,}"),
        weight_updates_figure(weight_updates, moved, drop=params.drop),
        averages_figure(averages, averages["labels"], units=thinned.units),
        rejection_figure(curves, title=f"{name}: refusing the least confident, n = {n:,}"),
        weight_updates_animation(steps, frames=min(FRAMES, params.batches)),
    )

"""Nodes of the dropout pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier.dropout.params import CensusParams, GapParams, ThinnedParams
from atelier.training.params import MachineParams
from atelier.types import Animation, Array, Arrays, Labels, Metrics

POSTS_UNITS, POSTS_DROP, BATCHES, FRAMES = 200, 0.5, 10_000, 12


def expect(machine: MachineParams) -> tuple[pd.DataFrame, Arrays]:
    """The post's example both ways; how many of 200 units each batch keeps."""
    from atelier.dropout.expectation import active_units, posts_example
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    counts = active_units(POSTS_UNITS, drop=POSTS_DROP, batches=BATCHES, seed=machine.seed)
    return posts_example(keep=1 - POSTS_DROP), {"counts": counts}


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
    from atelier.dropout.generalization import gap_study
    from atelier.dropout.monte_carlo import judge_confidence, monte_carlo
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    table, weights = gap_study(
        _flat(random_subset(train, seed=machine.seed)),
        _flat(test),
        params,
        classes=len(provenance["classes"]),
    )
    x, labels = _flat(test)
    drawn = monte_carlo(weights, x, drop=params.drop, samples=params.samples, seed=machine.seed)
    curves, judged = judge_confidence(weights, x, labels, drawn)
    return table, curves, judged


def take_census(
    train: Arrays, provenance: dict[str, Any], params: CensusParams, machine: MachineParams
) -> tuple[pd.DataFrame, Arrays]:
    """Which weights each optimizer moves, under one mask for the batch or one for each sample."""
    from atelier.dropout.weight_updates import OPTIMIZERS, census_row, moves
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    x, labels = _flat(train)
    rows, steps = [], {}
    for per_sample in (False, True):
        for name in OPTIMIZERS:
            found = moves(
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
            rows.append(row | {"expected_per_batch": 1 - params.drop**masks} | census_row(found))
            if not per_sample:
                steps[name] = found.steps
    return pd.DataFrame(rows), steps


def average(
    train: Arrays,
    test: Arrays,
    provenance: dict[str, Any],
    params: ThinnedParams,
    machine: MachineParams,
) -> Arrays:
    """All 2ⁿ thinned networks, averaged exactly, beside the scaled one."""
    from atelier.dropout.averages import thinned_averages
    from atelier.dropout.networks import Trainer
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    x, labels = _flat(train)
    widths = (x.shape[1], params.units, len(provenance["classes"]))
    trainer = Trainer(widths, batch_size=32, learning_rate=0.003)
    weights = trainer(x, labels, drop=params.drop, steps=params.steps, seed=machine.seed)
    seen, true = _flat(test)
    found = thinned_averages(weights, seen, keep=1 - params.drop)
    return found._asdict() | {"labels": true}


def summarise(gaps: pd.DataFrame, judged: pd.DataFrame, census: pd.DataFrame) -> Metrics:
    """The gap with and without dropout, who finds the errors, who moves dropped units."""
    from atelier.dropout.generalization import gap_summary
    from atelier.dropout.weight_updates import moves_of_dropped

    (found,) = judged[judged["confidence"] == "Monte-Carlo mean"].to_dict("records")
    known = {f"monte_carlo_{name}": found[name] for name in ("auroc", "auroc_low", "auroc_high")}
    return gap_summary(gaps) | known | moves_of_dropped(census)


def draw(
    counts: Arrays,
    gaps: pd.DataFrame,
    curves: Arrays,
    census: pd.DataFrame,
    steps: Arrays,
    averages: Arrays,
    provenance: dict[str, Any],
    params: CensusParams,
    thinned: ThinnedParams,
) -> tuple[Any, Any, Any, Any, Any, Animation]:
    """Units kept, the gap, the census, the averages, confidence; and the post's animation."""
    from atelier.dropout.figures import (
        active_figure,
        averages_figure,
        census_figure,
        gap_figure,
        moves_animation,
        rejection_figure,
    )

    name, n = provenance["name"], int(gaps["n"].iloc[0])
    moved = {
        one: np.maximum.accumulate(change > 0).mean(axis=(1, 2)) for one, change in steps.items()
    }
    return (
        active_figure(counts["counts"], units=POSTS_UNITS, keep=1 - POSTS_DROP),
        gap_figure(gaps, title=f"{name}: overfitting with and without dropout, n = {n:,}"),
        census_figure(census, moved, drop=params.drop),
        averages_figure(averages, averages["labels"], units=thinned.units),
        rejection_figure(curves, title=f"{name}: refusing the least confident, n = {n:,}"),
        moves_animation(steps, frames=min(FRAMES, params.batches)),
    )

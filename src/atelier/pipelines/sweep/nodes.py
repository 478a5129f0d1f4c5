"""Nodes of the sweep pipeline."""

from typing import Any, Literal

import numpy as np
import pandas as pd

from atelier.sweep.chunk_store import Ledger
from atelier.sweep.params import GatherParams, StudyParams
from atelier.types import Arrays, Metrics

MEASURES = ("best_rate", "test_accuracy", "test_nll", "test_ece", "plateau_decades", "diverged")


def gather_images(
    train: Arrays,
    validation: Arrays,
    calibration: Arrays,
    test: Arrays,
    provenance: dict[str, Any],
    params: GatherParams,
) -> Arrays:
    """What is trained on, what chooses the rates, what reports."""
    from atelier.sweep.splits import gather

    del provenance  # it is read so that the run names its data
    return gather([train, validation, calibration], test, **params.model_dump())


def train_population(
    data: Arrays, params: StudyParams, trials: Ledger
) -> tuple[pd.DataFrame, Arrays]:
    """A row per training, and which test images each judges right."""
    from atelier.sweep.chunk_trainer import HITS
    from atelier.sweep.executors import executor
    from atelier.sweep.progress import bar
    from atelier.sweep.runner import run_study

    table = run_study(
        params.plan,
        data,
        trials,
        executor=executor(params.executor, address=params.address, workers=params.workers),
        threads=params.threads,
        activations=params.activations,
        meter=bar,
    )
    hits = np.stack([np.frombuffer(row, np.uint8) for row in table[HITS]])
    images = {name: np.asarray(len(data[f"{name}_labels"])) for name in ("selection", "test")}
    return table.drop(columns=HITS), {"hits": hits, **images}


def read_study(
    members: pd.DataFrame, hits: Arrays, params: GatherParams
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, str, Metrics]:
    """Curves, best rates, dropout's effect, the verdict; the best of each arm, and of all, as
    metrics.
    """
    from atelier.sweep.analysis import best_rates, curves, dropout_effect
    from atelier.sweep.summary import verdict

    selection, test = int(hits["selection"]), int(hits["test"])
    best = best_rates(members, selection_images=selection, test_images=test)
    right = np.unpackbits(hits["hits"], axis=1, count=test).astype(bool)
    effect = dropout_effect(members, right, best, seed=params.seed)
    metrics = {
        f"{row['optimizer']}_{row['dropout']:g}_{measure}": float(row[measure])
        for row in best.to_dict("records")
        for measure in MEASURES
        if np.isfinite(row[measure])
    }
    top = best.sort_values("test_accuracy").iloc[-1]
    metrics |= {
        "test_accuracy": float(top["test_accuracy"]),
        "test_accuracy_low": float(top["low"]),
        "test_accuracy_high": float(top["high"]),
        "trainings": float(len(members)),
        "n": float(test),
    }
    words = verdict(best, effect, test_images=test)
    return curves(members, images=test), best, effect, words, metrics


def draw_study(
    curves: pd.DataFrame, best: pd.DataFrame, provenance: dict[str, Any], params: StudyParams
) -> tuple[Any, Any]:
    """Accuracy and calibration error against rate, to look at and to explore."""
    from atelier.sweep.figures import rates_figure, rates_plot

    plan = params.plan
    steps = "one epoch" if plan.steps is None else f"{plan.steps:,} steps"
    title = (
        f"{provenance['name']}: {int(curves['trainings'].sum()):,} trainings, "
        f"{steps} of {plan.batch_size} images each"
    )
    return rates_figure(curves, best, title=title), rates_plot(curves, best, title=title)


def choose_members(
    members: pd.DataFrame, best: pd.DataFrame, which: Literal["best", "all"]
) -> pd.DataFrame:
    """The trainings that get a run of their own."""
    from atelier.sweep.analysis import chosen

    return members if which == "all" else chosen(members, best)

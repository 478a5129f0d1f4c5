"""Nodes of the sweep pipeline."""

from typing import Any, Literal

import numpy as np
import pandas as pd

from atelier.sweep.chunk_store import StudyFolder
from atelier.sweep.params import StudyParams, SweepSplitParams
from atelier.types import Arrays, Metrics

MEASURES = ("best_rate", "test_accuracy", "test_nll", "test_ece", "plateau_decades", "diverged")


def gather_images(
    train: Arrays,
    validation: Arrays,
    calibration: Arrays,
    test: Arrays,
    provenance: dict[str, Any],
    params: SweepSplitParams,
) -> Arrays:
    """What is trained on, what chooses the rates, what reports."""
    from atelier.sweep.splits import make_splits

    del provenance  # it is read so that the run names its data
    return make_splits([train, validation, calibration], test, **params.model_dump())


def train_population(
    data: Arrays, params: StudyParams, trials: StudyFolder
) -> tuple[pd.DataFrame, Arrays]:
    """A row per training, and which test images each judges right."""
    from atelier.sweep.chunk_trainer import CORRECT_COLUMN
    from atelier.sweep.executors import make_executor
    from atelier.sweep.progress import progress_bar
    from atelier.sweep.runner import run_study

    table = run_study(
        params.plan,
        data,
        trials,
        executor=make_executor(params.executor, address=params.address, workers=params.workers),
        threads=params.threads,
        activations=params.activations,
        progress_meter=progress_bar,
    )
    hits = np.stack([np.frombuffer(row, np.uint8) for row in table[CORRECT_COLUMN]])
    images = {name: np.asarray(len(data[f"{name}_labels"])) for name in ("selection", "test")}
    return table.drop(columns=CORRECT_COLUMN), {"hits": hits, **images}


def analyze_study(
    members: pd.DataFrame, hits: Arrays, params: SweepSplitParams
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, str, Metrics]:
    """Curves, best rates, dropout's effect, the verdict; the best of each arm, and of all, as
    metrics.
    """
    from atelier.sweep.analysis import accuracy_curves, best_learning_rates, dropout_effect
    from atelier.sweep.summary import summarize_study

    selection, test = int(hits["selection"]), int(hits["test"])
    best = best_learning_rates(members, selection_images=selection, test_images=test)
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
    words = summarize_study(best, effect, test_images=test)
    return accuracy_curves(members, images=test), best, effect, words, metrics


def draw_study(
    curves: pd.DataFrame, best: pd.DataFrame, provenance: dict[str, Any], params: StudyParams
) -> tuple[Any, Any]:
    """Accuracy and calibration error against rate, to look at and to explore."""
    from atelier.sweep.figures import learning_rate_figure, learning_rate_plot

    plan = params.plan
    steps = "one epoch" if plan.steps is None else f"{plan.steps:,} steps"
    title = (
        f"{provenance['name']}: {int(curves['trainings'].sum()):,} trainings, "
        f"{steps} of {plan.batch_size} images each"
    )
    return learning_rate_figure(curves, best, title=title), learning_rate_plot(
        curves, best, title=title
    )


def select_members(
    members: pd.DataFrame, best: pd.DataFrame, which: Literal["best", "all"]
) -> pd.DataFrame:
    """The trainings that get a run of their own."""
    from atelier.sweep.analysis import members_at_best_rate

    return members if which == "all" else members_at_best_rate(members, best)

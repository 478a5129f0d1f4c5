"""Nodes of the sweep pipeline."""

from typing import Any, Literal

import numpy as np
import pandas as pd

from atelier import data, sweep
from atelier.sweep.params import StudyParams, SweepSplitParams
from atelier.types import Arrays, Metrics


def gather_images(
    train: Arrays,
    validation: Arrays,
    calibration: Arrays,
    test: Arrays,
    provenance: dict[str, Any],
    params: SweepSplitParams,
) -> Arrays:
    """Divides the images into a training, a selection and a test split."""
    del provenance  # an input only so that the run records its data
    return sweep.make_splits([train, validation, calibration], test, **params.model_dump())


def train_population(
    images: Arrays, params: StudyParams, trials: sweep.StudyFolder
) -> tuple[pd.DataFrame, Arrays]:
    """Trains all members; returns a row for each, and which test images it predicts correctly."""
    table = sweep.run_study(
        params.plan,
        images,
        trials,
        executor=sweep.make_executor(
            params.executor, address=params.address, workers=params.workers
        ),
        threads=params.threads,
        activations=params.activations,
        progress_meter=sweep.progress_bar,
    )
    hits = sweep.packed_predictions(table)
    counts = {name: np.asarray(len(images[f"{name}_labels"])) for name in ("selection", "test")}
    return table.drop(columns=sweep.CORRECT_COLUMN), {"hits": hits, **counts}


def analyze_study(
    members: pd.DataFrame, hits: Arrays, params: SweepSplitParams
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, str, Metrics]:
    """Computes curves, best rates, dropout's effect, collapses, their summary and metrics."""
    selection, test = int(hits["selection"]), int(hits["test"])
    curves = sweep.accuracy_curves(members, images=test)
    best = sweep.best_learning_rates(members, selection_images=selection, test_images=test)
    correct = sweep.correct_predictions(hits["hits"], test)
    effect = sweep.dropout_effect(members, correct, best, seed=params.seed)
    collapse = sweep.collapse_probability(members, best)
    summary = sweep.summarize_study(best, effect, collapse, test_images=test)
    metrics = sweep.study_metrics(best, trainings=len(members), test_images=test)
    return curves, best, effect, collapse, summary, metrics


def evaluate_budgets(
    members: pd.DataFrame, hits: Arrays, params: SweepSplitParams
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Computes the expected accuracy after k trainings, and which arm overtakes which."""
    images = int(hits["test"])
    correct = sweep.correct_predictions(hits["hits"], images)
    return sweep.compare_budgets(members, correct, images=images, seed=params.seed)


def measure_sensitivity(
    members: pd.DataFrame, hits: Arrays, best: pd.DataFrame, params: SweepSplitParams
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Computes the range of rates that each arm tolerates, and how much of it is chance."""
    images = int(hits["test"])
    correct = sweep.correct_predictions(hits["hits"], images)
    ranges = sweep.rate_sensitivity(members, correct, best, images=images, seed=params.seed)
    return ranges, sweep.chance_at_best(members, correct, best)


def score_examples(
    members: pd.DataFrame, hits: Arrays, best: pd.DataFrame, images: Arrays
) -> pd.DataFrame:
    """Computes the accuracy of each arm at its best rate on each test image."""
    test = {name: images[f"test_{name}"] for name in ("images", "labels")}
    correct = sweep.correct_predictions(hits["hits"], int(hits["test"]))
    return sweep.arm_examples(members, correct, best, split=data.splits_digest({"test": test}))


def draw_study(
    curves: pd.DataFrame,
    best: pd.DataFrame,
    collapse: pd.DataFrame,
    provenance: dict[str, Any],
    params: StudyParams,
) -> tuple[Any, Any]:
    """Draws accuracy, calibration error and collapses against the rate, also interactively."""
    plan = params.plan
    steps = "one epoch" if plan.steps is None else f"{plan.steps:,} steps"
    trainings = int(curves["trainings"].sum())
    title = (
        f"{provenance['name']}: {trainings:,} trainings, {steps} of {plan.batch_size} images each"
    )
    figure = sweep.figures.learning_rate_figure(curves, best, collapse, title=title)
    return figure, sweep.figures.learning_rate_plot(curves, best, title=title)


def draw_answers(
    curves: pd.DataFrame, best: pd.DataFrame, budgets: pd.DataFrame, provenance: dict[str, Any]
) -> tuple[Any, Any]:
    """Draws all arms aligned at their best rates, and the accuracy after k trainings."""
    name = provenance["name"]
    aligned = sweep.answer_figures.aligned_figure(
        curves, best, title=f"{name}: accuracy relative to each arm's best rate"
    )
    budget = sweep.answer_figures.budget_figure(
        budgets, title=f"{name}: expected accuracy after k trainings at random rates"
    )
    return aligned, budget


def select_members(
    members: pd.DataFrame, best: pd.DataFrame, which: Literal["best", "all"]
) -> pd.DataFrame:
    """Selects the trainings that are recorded as MLflow runs of their own."""
    return members if which == "all" else sweep.members_at_best_rate(members, best)

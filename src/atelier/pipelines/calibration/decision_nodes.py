"""Nodes that decide: prediction sets of a stated coverage, and rejection at a stated risk."""

from typing import Any

import pandas as pd

from atelier import calibration
from atelier.calibration import DensityParams, RejectionParams, SetParams
from atelier.types import Arrays, Metrics


def calibrate_held_out(logits: Arrays, chosen: dict[str, Any], sets: SetParams) -> Arrays:
    """Calibrates both splits by the chosen calibrator, the calibration split in folds."""
    calibrator = calibration.calibrator_from_record(chosen)
    held_out = logits["calibration_logits"], logits["calibration_labels"]
    return {
        "calibration": calibration.cross_calibrated(
            calibrator, *held_out, folds=sets.folds, seed=sets.seed
        ),
        "test": calibrator.transform(logits["test_logits"]),
    }


def study_sets(
    probs: Arrays, logits: Arrays, provenance: dict[str, Any], params: SetParams
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame, Metrics, Any]:
    """Fits and measures prediction sets; returns the served ones as a record."""
    held_out = probs["calibration"], logits["calibration_labels"]
    test = probs["test"], logits["test_labels"]
    table, ranks = calibration.set_tables(held_out, test, params)
    served = calibration.served_sets(held_out, params)
    counts = f"{len(held_out[1]):,} held-out and {len(test[1]):,} test examples"
    title = f"{provenance['name']}: prediction sets, {counts}"
    figure = calibration.set_figures.set_figure(table, ranks, level=params.level, title=title)
    metrics = calibration.set_metrics(served, *test)
    return calibration.sets_record(served), table, ranks, metrics, figure


def study_rejection(
    probs: Arrays,
    logits: Arrays,
    scaling: Arrays,
    density: Arrays,
    provenance: dict[str, Any],
    params: RejectionParams,
    densities: DensityParams,
) -> tuple[dict[str, Any], pd.DataFrame, Metrics, Any]:
    """Measures rejection by each confidence score; returns the served rule as a record."""
    held_out, test = (
        calibration.scored_split(
            logits[f"{split}_logits"],
            logits[f"{split}_labels"],
            probs[split],
            temperature=float(scaling["temperature"]),
            density=calibration.stored_density(density),
        )
        for split in ("calibration", "test")
    )
    rule = calibration.rejection_rule(held_out, params, quantile=densities.reject)
    table = calibration.rejection_table(held_out, test, params)
    title = f"{provenance['name']}: rejection, {len(test.wrong):,} test examples"
    figure = calibration.rejection_figures.risk_coverage_figure(table, test, title=title)
    metrics = calibration.rejection_metrics(table, params.score)
    return rule.record(), table, metrics, figure

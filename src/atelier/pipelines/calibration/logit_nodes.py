"""Nodes that calibrate the logits of any model, read from a file."""

from typing import Any

import pandas as pd

from atelier import calibration, data
from atelier.calibration import CalibrationParams, DensityParams, LogitStudyParams
from atelier.types import Arrays


def divide_own_logits(source: Any, study: LogitStudyParams) -> tuple[Arrays, dict[str, Any]]:
    """Divides the logits of a file into parts; with a record of their origin."""
    parts = calibration.divide_logits(source, seed=study.seed)
    return parts, calibration.logit_provenance(source, parts)


def score_own_examples(probs: Arrays, logits: Arrays) -> pd.DataFrame:
    """Computes likelihood and confidence of each test row; the labels identify the test part."""
    labels = logits["test_labels"]
    split = data.splits_digest({"test": {"labels": labels}})
    return calibration.calibration_examples(probs, labels, split=split)


def draw_own_reliability(
    probs: Arrays, logits: Arrays, table: pd.DataFrame, provenance: dict[str, Any]
) -> tuple[Any, Any]:
    """Draws a reliability diagram for every method, and an interactive one with all of them."""
    labels = logits["test_labels"]
    title = f"{provenance['name']}: reliability on {len(labels):,} test examples, 15 bins"
    figures, unit = calibration.figures, "examples"
    figure = figures.reliability_figure(probs, labels, table, title=title, examples=unit)
    return figure, figures.reliability_plot(probs, labels, title=title, examples=unit)


def detect_mistakes(
    logits: Arrays,
    scaling: Arrays,
    provenance: dict[str, Any],
    density: DensityParams,
    params: CalibrationParams,
) -> tuple[Arrays, Arrays, pd.DataFrame, Any]:
    """Scores the confidence in right and wrong predictions, by the density of logits as well."""
    study = calibration.study_mistakes(
        logits,
        provenance["kind"],
        temperature=float(scaling["temperature"]),
        covariance=density.covariance,
        reject=density.reject,
        seed=params.seed,
        resamples=params.resamples,
    )
    title = f"{provenance['name']}: confidence in right and wrong predictions"
    figure = calibration.mistake_figures.confident_mistakes_figure(study, title=title)
    return study.density, {**study.scores, "correct": study.correct}, study.table, figure


def write_page(
    logits: Arrays,
    provenance: dict[str, Any],
    probs: Arrays,
    table: pd.DataFrame,
    selection: pd.DataFrame,
    chosen: dict[str, Any],
    density: Arrays,
    confidence: Arrays,
    mistakes: pd.DataFrame,
    sets: pd.DataFrame,
    set_sizes: pd.DataFrame,
    rejection: pd.DataFrame,
) -> str:
    """Returns the page about the calibration, as `atelier.calibration.report` does."""
    scores = {name: values for name, values in confidence.items() if name != "correct"}
    study = calibration.MistakeStudy(mistakes, scores, confidence["correct"], density)
    return calibration.render_calibration_page(
        calibration.CalibrationFindings(
            provenance=provenance,
            probabilities=probs,
            labels=logits["test_labels"],
            table=table,
            selection=selection,
            calibrator=chosen,
            mistakes=study,
            decisions=calibration.Decisions(sets, set_sizes, rejection),
        )
    )

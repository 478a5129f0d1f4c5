"""Nodes of the calibration pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier import calibration, data
from atelier.calibration import (
    CalibrationParams,
    CapacityParams,
    DensityParams,
    LogitStudyParams,
    ShiftParams,
)
from atelier.types import Arrays, Checkpoint, Classifier, History, MetricLog, Metrics, Servable

EXAMPLES = 2
"""Images that the registered model's example has."""


def calibrate(logits: Arrays, study: LogitStudyParams) -> tuple[Arrays, Arrays]:
    """Fits the calibrators to the calibration split: test probabilities, and the temperature."""
    held_out = logits["calibration_logits"], logits["calibration_labels"]
    fitted = calibration.fit_calibrators(*held_out, study.names)
    scaling: Any = fitted["temperature"]
    return calibration.calibrated_probabilities(fitted, logits["test_logits"]), {
        "temperature": np.array(scaling.temperature_),
        "residual": np.array(scaling.residual_),
    }


def choose_calibrator(
    logits: Arrays, provenance: dict[str, Any], study: LogitStudyParams, params: CalibrationParams
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Chooses a calibrator by cross-validation, and returns it as a record of JSON."""
    held_out = logits["calibration_logits"], logits["calibration_labels"]
    table = calibration.selection_table(
        *held_out,
        study.names,
        folds=study.folds,
        seed=study.seed,
        resamples=params.resamples,
        choose_from=study.choose_from,
    )
    _, chosen = calibration.chosen_calibrator(*held_out, table)
    names = tuple(provenance["classes"])
    return calibration.calibrator_record(chosen, class_names=names), table


def measure_calibration(
    probs: Arrays, logits: Arrays, scaling: Arrays, params: CalibrationParams
) -> tuple[pd.DataFrame, Metrics]:
    """Measures all methods on the test split, with intervals; metrics are of the temperature."""
    table = calibration.calibration_table(
        probs, logits["test_labels"], seed=params.seed, resamples=params.resamples
    )
    metrics = {name: float(value) for name, value in scaling.items()}
    return table, metrics | calibration.temperature_metrics(table)


def score_examples(probs: Arrays, logits: Arrays, test: Arrays) -> pd.DataFrame:
    """Computes likelihood and confidence of each test image before and after the temperature."""
    split = data.splits_digest({"test": test})
    return calibration.calibration_examples(probs, logits["test_labels"], split=split)


def draw_reliability(
    probs: Arrays, logits: Arrays, table: pd.DataFrame, provenance: dict[str, Any]
) -> tuple[Any, Any]:
    """Draws a reliability diagram for every method, and an interactive one with all of them."""
    labels = logits["test_labels"]
    title = f"{provenance['name']}: reliability on {len(labels):,} test images, 15 bins"
    figure = calibration.figures.reliability_figure(probs, labels, table, title=title)
    return figure, calibration.figures.reliability_plot(probs, labels, title=title)


def draw_gains(table: pd.DataFrame, provenance: dict[str, Any]) -> Any:
    """Draws the gain of every method in log loss beside its calibration error."""
    n = int(table["n"].iloc[0])
    title = f"{provenance['name']}: gain over the uncalibrated network on {n:,} test examples"
    return calibration.gain_figures.gain_figure(table, title=title)


def draw_overtrained_gains(table: pd.DataFrame, provenance: dict[str, Any]) -> Any:
    """Draws the gain of every method on the overtrained network."""
    return draw_gains(table, provenance | {"name": f"{provenance['name']}, overtrained"})


def draw_overtrained(
    probs: Arrays, logits: Arrays, table: pd.DataFrame, provenance: dict[str, Any]
) -> tuple[Any, Any]:
    """Draws the reliability diagrams of the overtrained network."""
    name = f"{provenance['name']}, overtrained"
    return draw_reliability(probs, logits, table, provenance | {"name": name})


def fit_density(logits: Arrays, params: DensityParams) -> Arrays:
    """Fits Gaussians to the training logits; the calibration split sets the threshold."""
    model = calibration.DensityModel(params.covariance)
    model.fit(logits["train_logits"], logits["train_labels"])
    return model.set_rejection(logits["calibration_logits"], quantile=params.reject).arrays()


def collect_out_of_distribution(
    characters: Arrays,
    characters_provenance: dict[str, Any],
    provenance: dict[str, Any],
    params: ShiftParams,
) -> Arrays:
    """Collects images of no class: drawn symbols, and letters where the classes have none."""
    return calibration.out_of_distribution_images(
        characters, characters_provenance["classes"], provenance["classes"], params
    )


def evaluate_shift(
    model: Classifier,
    test: Arrays,
    out_of_distribution: Arrays,
    density: Arrays,
    scaling: Arrays,
    params: ShiftParams,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Evaluates accuracy, confidences and detection under changed images."""
    test = data.random_subset(test, params.images, seed=params.seed)
    shifted = calibration.shifted_images(
        model,
        test,
        out_of_distribution,
        params.levels,
        temperature=float(scaling["temperature"]),
        density=calibration.DensityModel.from_arrays(density),
        seed=params.seed,
    )
    return calibration.shift_tables(
        list(shifted), test["labels"], seed=params.seed, resamples=params.resamples
    )


def draw_shift(
    accuracy: pd.DataFrame, detection: pd.DataFrame, test: Arrays, provenance: dict[str, Any]
) -> tuple[Any, Any]:
    """Draws confidences of brighter images, and the detection of every change by every score."""
    figures, image = calibration.shift_figures, test["images"][0] / 255
    name, n = provenance["name"], int(accuracy["n"].iloc[0])
    title = f"{name}: AUROC against {n:,} unchanged images"
    return (
        figures.scaling_figure(accuracy, image, title=f"{name}: {n:,} test images, brightened"),
        figures.detection_figure(accuracy, detection, title=title),
    )


def study_capacity(
    train: Arrays, held_out: Arrays, test: Arrays, params: CapacityParams, checkpoint: Checkpoint
) -> pd.DataFrame:
    """Trains networks of different capacity and measures their calibration errors."""
    return calibration.capacity_study(train, held_out, test, params, checkpoint)


def study_overtraining(
    train: Arrays, held_out: Arrays, test: Arrays, params: CapacityParams, curve: MetricLog
) -> tuple[Arrays, History]:
    """Trains a network far beyond its best likelihood."""
    return calibration.overtrain(train, held_out, test, params, curve)


def draw_capacity(
    table: pd.DataFrame, history: History, provenance: dict[str, Any], checkpoint: Checkpoint
) -> tuple[Any, Any]:
    """Draws figures 2 and 3 of Guo et al. 2017; the table is saved, so the checkpoint can go."""
    checkpoint.clear()
    figures, name, n = calibration.figures, provenance["name"], int(table["n"].iloc[0])
    return (
        figures.capacity_figure(table, title=f"{name}: capacity and calibration (n = {n:,})"),
        figures.overtraining_figure(history, title=f"{name}: likelihood and error by epoch"),
    )


def compare_networks(
    digits: pd.DataFrame,
    characters: pd.DataFrame,
    overtrained: pd.DataFrame,
    digits_provenance: dict[str, Any],
    characters_provenance: dict[str, Any],
) -> tuple[pd.DataFrame, Any]:
    """Compares networks × methods of Guo et al. 2017 by their ECE in %, as table 1 there."""
    names = [digits_provenance["name"], characters_provenance["name"]]
    if names[0] == names[1]:  # one source of a user for both namespaces
        names = [f"{names[0]} (digits)", f"{names[1]} (characters)"]
    names = [*names, f"{names[1]}, overtrained"]
    of_experiment = ["uncalibrated", *calibration.EXPERIMENT_CALIBRATORS]
    tables = {
        name: table[table["method"].isin(of_experiment)].reset_index(drop=True)
        for name, table in zip(names, (digits, characters, overtrained), strict=True)
    }
    title = "ECE in % on the test split, 95 % interval"
    return calibration.guo_table(tables), calibration.figures.guo_figure(tables, title=title)


def register_calibrated(
    model: Classifier,
    test: Arrays,
    density: Arrays,
    scaling: Arrays,
    table: pd.DataFrame,
    provenance: dict[str, Any],
    chosen: dict[str, Any],
    selection: pd.DataFrame,
    sets: dict[str, Any],
    sets_metrics: Metrics,
    rejection: dict[str, Any],
) -> Servable:
    """Builds the calibrated model for the registry, with its card as description and tags."""
    method, temperature = calibration.chosen_method(selection), float(scaling["temperature"])
    fitted = calibration.sets_from_record(sets)
    rule = calibration.RejectionRule.from_record(rejection)
    served = calibration.calibrated_model(
        model,
        temperature=temperature,
        density=calibration.DensityModel.from_arrays(density),
        calibrator=calibration.calibrator_from_record(chosen),
        sets=fitted,
        rejection=rule,
    )
    example = np.asarray(test["images"][:EXAMPLES])
    card, tags = calibration.model_card(table, provenance, temperature=temperature, method=method)
    decisions, decision_tags = calibration.decision_card(selection, fitted, sets_metrics, rule)
    return Servable(
        model=served,
        example=example,
        prediction=served.predict(example, verbose=0),
        description=f"{card}\n\n{decisions}",
        tags=tags | decision_tags,
        metrics=calibration.calibrated_metrics(table, method=method),
        digest=provenance["digest"],
        input_rule=data.input_rule(provenance),
    )

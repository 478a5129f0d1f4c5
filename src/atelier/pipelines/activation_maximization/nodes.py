"""Nodes of the activation_maximization pipeline."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from atelier import activation_maximization, data, evaluation, training
from atelier.activation_maximization.params import (
    AscentPresetsParams,
    InputDescentParams,
    ModelInputParams,
    SecondNetworkParams,
)
from atelier.training.params import NetworkParams, TrainingParams
from atelier.types import (
    Animation,
    Array,
    Arrays,
    Checkpoint,
    Classifier,
    History,
    MetricLog,
    Metrics,
)

BASELINE_IMAGES = 500
"""Test images whose distances to the training images stand beside those of maximized images."""


def run_input_descent(model: Any, provenance: dict[str, Any], params: InputDescentParams) -> Arrays:
    """Descends to every class from every start."""
    classes = len(provenance["classes"])
    return activation_maximization.descend_from_starts(model, classes, params)


def maximize_classes(model: Any, provenance: dict[str, Any], params: AscentPresetsParams) -> Arrays:
    """Maximizes every class by every preset."""
    classes = len(provenance["classes"])
    return activation_maximization.maximize_presets(model, classes, params)


def maximize_channels(model: Any, params: AscentPresetsParams) -> Arrays:
    """Maximizes the first channels of every convolution by the last preset."""
    return activation_maximization.maximize_layers(model, params)


def train_second_classifier(
    train: Arrays,
    validation: Arrays,
    provenance: dict[str, Any],
    network: NetworkParams,
    recipe: TrainingParams,
    second: SecondNetworkParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Classifier, History]:
    """Trains an independent classifier: other initial weights, another order of the images."""
    recipe = recipe.model_copy(update={"seed": second.seed, "epochs": second.epochs})
    shape, classes = train["images"].shape[1:], len(provenance["classes"])
    model = training.build_classifier(network, classes, shape=shape, seed=recipe.seed)
    model, history = training.fit(
        model, train, validation, recipe, curve=curve, checkpoint=checkpoint
    )
    return model, history


def evaluate_maximized_images(
    model: Classifier,
    second: Classifier,
    train: Arrays,
    test: Arrays,
    logits: Arrays,
    descent: Arrays,
    ascent: Arrays,
    params: SecondNetworkParams,
    checkpoint: Checkpoint,
) -> tuple[pd.DataFrame, pd.DataFrame, Metrics]:
    """Scores all maximized images, and clears the checkpoint of the second classifier."""
    checkpoint.clear()
    scores = activation_maximization.evaluation
    models = scores.fit_confidence_models(logits, params.covariance)
    predict = training.predict_unit_logits
    networks = partial(predict, model), partial(predict, second)
    real = scores.RealImages(training.to_unit(train["images"]), train["labels"])
    image_sets = scores.final_images(descent, ascent)
    table = scores.score_images_table(image_sets, networks, models, real)
    distances = scores.start_distances(image_sets[: len(descent["start"])])
    held_out = training.to_unit(test["images"][:BASELINE_IMAGES])
    baseline = scores.class_distances(held_out, test["labels"][:BASELINE_IMAGES], real)
    metrics = scores.maximization_metrics(table, distances, baseline)
    metrics |= scores.border_metrics(descent["start"], descent["border_logits"])
    return table, distances, metrics


def draw_input_descent(
    train: Arrays, descent: Arrays, provenance: dict[str, Any], params: InputDescentParams
) -> tuple[Any, Any, Any]:
    """Draws the last images of every start, the error by iteration, and one image's change."""
    figures, classes = activation_maximization.figures, provenance["classes"]
    _, deviations = data.class_moments(train["images"], train["labels"], len(classes))
    label = int(deviations.mean(axis=(1, 2)).argmax())
    title = f"{provenance['name']}: {params.steps} steps of descent from each start"
    change_title = f"{provenance['name']}: class {classes[label]}, of the most variable pixels"
    return (
        figures.descent_figure(descent, classes, title=title),
        figures.descent_error_figure(descent, title=f"{title}, all classes"),
        figures.descent_difference_figure(
            descent, label, deviations[label], border=params.border, title=change_title
        ),
    )


def draw_maximized_images(
    train: Arrays,
    logits: Arrays,
    ascent: Arrays,
    layers: Arrays,
    table: pd.DataFrame,
    provenance: dict[str, Any],
    params: SecondNetworkParams,
) -> tuple[Any, Any, Any, Animation]:
    """Draws classes by preset, confidences, units of every layer, and an animation."""
    figures, units = activation_maximization.figures, activation_maximization.unit_figures
    scores = activation_maximization.evaluation
    name, classes = provenance["name"], provenance["classes"]
    moments = data.class_moments(train["images"], train["labels"], len(classes))
    densities = scores.fit_confidence_models(logits, params.covariance).reference_log_density
    titles = (
        f"{name}: real images, and images of maximal logits",
        f"{name}: confidence in {len(table)} maximized images",
        f"{name}: images of maximal activation of single units",
    )
    return (
        figures.maximized_classes_figure(ascent, *moments, classes, title=titles[0]),
        figures.confidence_figure(table, densities, title=titles[1]),
        units.layer_units_figure(layers, title=titles[2]),
        Animation(units.ascent_frames(ascent["frames"]), 0.2),
    )


def maximize_own_model(
    model: Any,
    photographs: Mapping[str, Array],
    source: ModelInputParams,
    params: AscentPresetsParams,
) -> tuple[Arrays, Arrays, pd.DataFrame, Metrics]:
    """Maximizes classes and channels of a user's model."""
    ascent = activation_maximization.maximize_own_model(model, params, source, photographs)
    reached = ascent.table["predicted"] == ascent.table["class"]
    metrics = evaluation.with_interval("reached", int(reached.sum()), len(reached))
    return ascent.presets, ascent.layers, ascent.table, metrics | {"n": float(len(reached))}


def draw_own_model(
    ascent: Arrays, layers: Arrays, table: pd.DataFrame
) -> tuple[Any, Any, Animation]:
    """Draws classes by preset, channels of layers, and an animation."""
    figures = activation_maximization.unit_figures
    return (
        figures.own_classes_figure(
            ascent, table, title="Images of maximal logits; below, the class' probability"
        ),
        figures.layer_units_figure(layers, title="Images of maximal activation of channels"),
        Animation(figures.ascent_frames(ascent["frames"]), 0.2),
    )

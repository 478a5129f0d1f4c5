"""Nodes of the maxout pipeline."""

from typing import Any

import pandas as pd

from atelier import data, evaluation, maxout, training
from atelier.maxout.params import (
    ConvolutionalParams,
    FunctionParams,
    MaxoutParams,
    PermutationInvariantParams,
)
from atelier.types import Arrays, Checkpoint, Classifier, History, MetricLog, Metrics


def compare_maxout(
    train: Arrays, test: Arrays, provenance: dict[str, Any], params: MaxoutParams
) -> tuple[pd.DataFrame, Arrays]:
    """Compares maxout with ReLU, with and without dropout; counts the largest pieces."""
    classes = len(provenance["classes"])
    table, model = maxout.compare_with_relu(train, test, params, classes=classes)
    return table, {"shares": maxout.piece_shares(model, test["images"])}


def learn_functions(params: FunctionParams) -> Arrays:
    """Fits one maxout unit to each of three functions."""
    fit = maxout.fit_functions(pieces=params.pieces, steps=params.steps, seed=params.seed)
    return fit._asdict()


def train_maxout(
    train: Arrays,
    validation: Arrays,
    calibration: Arrays,
    provenance: dict[str, Any],
    params: PermutationInvariantParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Classifier, History]:
    """Trains the paper's network by the paper's recipe, on all images except the test split's."""
    recipe, shape, classes = params.descent, train["images"].shape[1:], provenance["classes"]
    images = maxout.shuffled_together(train, validation, calibration, seed=recipe.seed)
    model = maxout.permutation_invariant_network(params, shape=shape, classes=len(classes))
    return maxout.train_with_momentum(model, images, recipe, curve=curve, checkpoint=checkpoint)


def train_convolutional(
    train: Arrays,
    validation: Arrays,
    provenance: dict[str, Any],
    params: ConvolutionalParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Classifier, History]:
    """Trains the convolutional network; continues where a killed run of this recipe stopped."""
    recipe, shape, classes = params.training, train["images"].shape[1:], provenance["classes"]
    model = maxout.convolutional_network(params, shape=shape, classes=len(classes))
    return training.fit(model, train, validation, recipe, curve=curve, checkpoint=checkpoint)


def evaluate_maxout(
    model: Classifier, train: Arrays, test: Arrays, checkpoint: Checkpoint
) -> tuple[Metrics, pd.DataFrame]:
    """Computes the errors of a network; clears its checkpoint, as the model is saved."""
    checkpoint.clear()
    mistakes, train_mistakes = (maxout.find_mistakes(model, split) for split in (test, train))
    split = data.splits_digest({"test": test})
    examples = evaluation.example_table(split, error=mistakes)
    return maxout.error_rates(mistakes, train_mistakes), examples


def draw_maxout(
    table: pd.DataFrame,
    pieces: Arrays,
    functions: Arrays,
    history: History,
    metrics: Metrics,
    provenance: dict[str, Any],
    params: PermutationInvariantParams,
) -> tuple[Any, Any, Any, Any]:
    """Draws the comparison, the pieces, the three functions and the paper's training."""
    name, figures, first = provenance["name"], maxout.figures, params.descent.epochs
    return (
        figures.maxout_comparison_figure(table, name=name),
        figures.pieces_figure(pieces["shares"], name=name),
        figures.functions_figure(functions),
        figures.maxout_training_figure(history, metrics, first=first, name=name),
    )

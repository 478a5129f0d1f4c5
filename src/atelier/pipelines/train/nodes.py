"""Nodes of the train pipeline. TensorFlow takes seconds to import: only nodes that need it pay."""

from typing import Any

import pandas as pd

from atelier import data, evaluation, training
from atelier.training.params import MovedCopiesParams, NetworkParams, TrainingParams
from atelier.types import Arrays, Checkpoint, Classifier, History, MetricLog, Metrics, Servable

EXAMPLES = 2
"""Images of the registered model's example."""
SHIFTED = "shifted_"
"""Begins the names of measures of the mean logits of moved copies."""
MISTAKES = 32
"""Images in the figure of the most confident mistakes."""


def train_classifier(
    train: Arrays,
    validation: Arrays,
    provenance: dict[str, Any],
    network: NetworkParams,
    recipe: TrainingParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Classifier, History]:
    """Trains a network; continues where a killed run of the same recipe stopped."""
    classes, shape = len(provenance["classes"]), train["images"].shape[1:]
    model = training.build_classifier(network, classes, shape=shape, seed=recipe.seed)
    return training.fit(model, train, validation, recipe, curve=curve, checkpoint=checkpoint)


def predict_splits(
    model: Classifier,
    train: Arrays,
    calibration: Arrays,
    test: Arrays,
    params: MovedCopiesParams,
    checkpoint: Checkpoint,
) -> tuple[Arrays, Arrays]:
    """Returns logits and features of three splits; clears the checkpoint: the model is saved.

    With a shift, the mean logits of the test images' moved copies stand beside the plain ones.
    """
    checkpoint.clear()
    splits = {"train": train, "calibration": calibration, "test": test}
    outputs = training.outputs_of_splits(model, splits)
    if not params.shift:
        return outputs.logits, outputs.features
    shifted = training.predict_shifted_logits(model, test["images"], shift=params.shift)
    return outputs.logits | {"test_shifted_logits": shifted}, outputs.features


def evaluate_classifier(
    logits: Arrays, provenance: dict[str, Any], params: evaluation.BootstrapParams
) -> tuple[Metrics, pd.DataFrame]:
    """Computes accuracy, NLL and ECE with intervals on the test split; scores of each class.

    Mean logits of moved copies give ``shifted_accuracy`` and so on.
    """
    test_logits, labels = logits["test_logits"], logits["test_labels"]
    scores = evaluation.class_scores(test_logits, labels, provenance["classes"])
    metrics = evaluation.classification_metrics(test_logits, labels, params)
    if "test_shifted_logits" in logits:
        shifted = evaluation.classification_metrics(logits["test_shifted_logits"], labels, params)
        metrics |= {f"{SHIFTED}{name}": value for name, value in shifted.items() if name != "n"}
    return metrics, scores


def score_examples(logits: Arrays, test: Arrays) -> pd.DataFrame:
    """Computes correctness, likelihood and confidence of each test image."""
    split = data.splits_digest({"test": test})
    return evaluation.classification_examples(
        logits["test_logits"], logits["test_labels"], split=split
    )


def draw_training(
    history: History, logits: Arrays, test: Arrays, metrics: Metrics, provenance: dict[str, Any]
) -> tuple[Any, Any, Any]:
    """Draws learning curves, the confusion matrix and the most confident mistakes."""
    name, classes = provenance["name"], provenance["classes"]
    test_logits, labels = logits["test_logits"], logits["test_labels"]
    return (
        training.figures.learning_curves_figure(history, title=f"{name}: learning curves"),
        training.figures.confusion_figure(test_logits, labels, classes, metrics=metrics),
        training.figures.mistakes_figure(
            test["images"], test_logits, labels, classes, name=name, count=MISTAKES
        ),
    )


def register_classifier(
    model: Classifier, test: Arrays, metrics: Metrics, provenance: dict[str, Any]
) -> Servable:
    """Returns the model as it is served, with an example and a description with its measures.

    What it answers to moved copies is no measure of it: it takes each image once.
    """
    own = {name: value for name, value in metrics.items() if not name.startswith(SHIFTED)}
    return training.servable_classifier(model, test["images"][:EXAMPLES], own, provenance)

"""Nodes of the train pipeline. TensorFlow takes seconds to import: only nodes that need it pay."""

from typing import Any

import numpy as np
import pandas as pd

from atelier.training.params import NetworkParams, TrainingParams
from atelier.types import Arrays, Checkpoint, Classifier, History, MetricLog, Metrics, Servable

EXAMPLES = 2
MISTAKES = 32


def train_classifier(
    train: Arrays,
    validation: Arrays,
    provenance: dict[str, Any],
    network: NetworkParams,
    training: TrainingParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Classifier, History]:
    """A trained network and its history; goes on where a killed run of the same recipe stopped."""
    from atelier.training.fitting import fit
    from atelier.training.networks import build_classifier
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(training.seed, training.threads)
    model = build_classifier(network, len(provenance["classes"]), shape=train["images"].shape[1:])
    model, history = fit(model, train, validation, training, curve=curve, checkpoint=checkpoint)
    return model, history


def predict_splits(
    model: Classifier, train: Arrays, calibration: Arrays, test: Arrays, checkpoint: Checkpoint
) -> Arrays:
    """Logits and labels of what later pipelines need: ``<split>_logits``, ``<split>_labels``.

    The model is saved by now, so what was kept for a killed training can go.
    """
    from atelier.training.fitting import predict_logits

    checkpoint.clear()

    splits = {"train": train, "calibration": calibration, "test": test}
    logits = {
        f"{name}_logits": predict_logits(model, one["images"]) for name, one in splits.items()
    }
    return logits | {f"{name}_labels": one["labels"] for name, one in splits.items()}


def evaluate_classifier(logits: Arrays, provenance: dict[str, Any]) -> tuple[Metrics, pd.DataFrame]:
    """Accuracy with interval and loss on the test split; precision and recall by class."""
    from atelier.evaluation.classification import class_scores, classification_metrics

    test_logits, labels = logits["test_logits"], logits["test_labels"]
    scores = class_scores(test_logits, labels, provenance["classes"])
    return classification_metrics(test_logits, labels), scores


def draw_training(
    history: History, logits: Arrays, test: Arrays, metrics: Metrics, provenance: dict[str, Any]
) -> tuple[Any, Any, Any]:
    """Learning curves, confusions and the most confident mistakes."""
    from atelier.evaluation.classification import confident_mistakes, confusion_matrix
    from atelier.training.figures import confusion_figure, learning_curves_figure, mistakes_figure

    name, classes = provenance["name"], provenance["classes"]
    test_logits, labels = logits["test_logits"], logits["test_labels"]
    worst = confident_mistakes(test_logits, labels, count=MISTAKES)
    return (
        learning_curves_figure(history, title=f"{name}: learning curves"),
        confusion_figure(confusion_matrix(test_logits, labels), classes, metrics=metrics),
        mistakes_figure(
            test["images"],
            test_logits,
            labels,
            worst,
            classes,
            title=f"{name}: the most confident of {int((test_logits.argmax(1) != labels).sum())} "
            f"mistakes in {len(labels):,} test images",
        ),
    )


def register_classifier(
    model: Classifier, test: Arrays, metrics: Metrics, provenance: dict[str, Any]
) -> Servable:
    """The model as it is served, with an example and a description that carries its numbers."""
    from atelier.training.serving import serving_model

    served = serving_model(model)
    example = np.asarray(test["images"][:EXAMPLES])
    accuracy = (
        f"{metrics['accuracy']:.4f} (95 % interval {metrics['accuracy_low']:.4f} to "
        f"{metrics['accuracy_high']:.4f}, n = {metrics['n']:.0f})"
    )
    description = (
        f"Classifies {len(provenance['classes'])} classes of {provenance['name']}: "
        f"uint8 images in, logits out, class i is `classes` tag's i-th. Test accuracy {accuracy}."
    )
    tags = {
        "source": provenance["name"],
        "digest": provenance["digest"],
        "classes": " ".join(provenance["classes"]),
        "test_accuracy": accuracy,
    }
    return Servable(served, example, served.predict(example, verbose=0), description, tags)

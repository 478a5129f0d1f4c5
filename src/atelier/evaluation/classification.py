"""How good a classifier is on held-out data, with how sure that is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import logsumexp
from sklearn import metrics

from atelier.evaluation.calibration_error import negative_log_likelihood
from atelier.evaluation.intervals import wilson_interval
from atelier.evaluation.validation import unmasked
from atelier.types import Array, Labels, Metrics


def classification_metrics(logits: Array, labels: Labels) -> Metrics:
    """Accuracy with its Wilson 95 % interval, cross-entropy and the number of images, n.

    Args:
        logits: (n, classes).
        labels: (n,), integers in [0, classes).
    """
    logits, labels = unmasked("logits", logits), unmasked("labels", labels)
    correct = int((logits.argmax(axis=1) == labels).sum())
    low, high = wilson_interval(correct, len(labels))
    return {
        "accuracy": correct / len(labels),
        "accuracy_low": low,
        "accuracy_high": high,
        "loss": negative_log_likelihood(logits, labels),
        "n": float(len(labels)),
    }


def class_scores(logits: Array, labels: Labels, classes: Sequence[str]) -> pd.DataFrame:
    """Precision, recall, F1 and n of each class; 0 where a class is never predicted."""
    logits, labels = unmasked("logits", logits), unmasked("labels", labels)
    scores = metrics.precision_recall_fscore_support(
        labels, logits.argmax(axis=1), labels=np.arange(len(classes)), zero_division=0
    )
    columns = dict(zip(("precision", "recall", "f1", "n"), scores, strict=True))
    return pd.DataFrame({"class": list(classes)} | columns)


def confusion_matrix(logits: Array, labels: Labels) -> Array:
    """Counts, (classes, classes): row the true class, column the predicted one."""
    logits, labels = unmasked("logits", logits), unmasked("labels", labels)
    return np.asarray(
        metrics.confusion_matrix(labels, logits.argmax(axis=1), labels=np.arange(logits.shape[1]))
    )


def confident_mistakes(logits: Array, labels: Labels, *, count: int) -> Array:
    """Positions of the wrong predictions, (≤ count,), the most confident first."""
    logits, labels = unmasked("logits", logits), unmasked("labels", labels)
    predicted = logits.argmax(axis=1)
    confidence = np.exp(logits.max(axis=1) - logsumexp(logits, axis=1))
    wrong = np.flatnonzero(predicted != labels)
    return np.asarray(wrong[np.argsort(-confidence[wrong], kind="stable")][:count])

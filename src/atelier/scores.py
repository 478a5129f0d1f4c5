"""How good a classifier is on held-out data, with how sure that is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import logsumexp
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from atelier.types import Array, Labels, Metrics


def wilson_interval(successes: int, trials: int, *, level: float = 0.95) -> tuple[float, float]:
    """Lower and upper limit of a proportion (Wilson 1927)."""
    interval = stats.binomtest(successes, trials).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def cross_entropy(logits: Array, labels: Labels) -> float:
    """Mean negative log-probability of the true class, in nats; computed in float64."""
    logits = logits.astype(np.float64)
    true = logits[np.arange(len(labels)), labels]
    return float(np.mean(logsumexp(logits, axis=1) - true))


def classification_metrics(logits: Array, labels: Labels) -> Metrics:
    """Accuracy with its Wilson 95 % interval, cross-entropy and the number of images, n.

    Args:
        logits: (n, classes).
        labels: (n,), integers in [0, classes).
    """
    correct = int((logits.argmax(axis=1) == labels).sum())
    low, high = wilson_interval(correct, len(labels))
    return {
        "accuracy": correct / len(labels),
        "accuracy_low": low,
        "accuracy_high": high,
        "loss": cross_entropy(logits, labels),
        "n": float(len(labels)),
    }


def class_scores(logits: Array, labels: Labels, classes: Sequence[str]) -> pd.DataFrame:
    """Precision, recall, F1 and n of each class; 0 where a class is never predicted."""
    scores = precision_recall_fscore_support(
        labels, logits.argmax(axis=1), labels=np.arange(len(classes)), zero_division=0
    )
    columns = dict(zip(("precision", "recall", "f1", "n"), scores, strict=True))
    return pd.DataFrame({"class": list(classes)} | columns)


def confusions(logits: Array, labels: Labels) -> Array:
    """Counts, (classes, classes): row the true class, column the predicted one."""
    return np.asarray(
        confusion_matrix(labels, logits.argmax(axis=1), labels=np.arange(logits.shape[1]))
    )


def confident_mistakes(logits: Array, labels: Labels, *, count: int) -> Array:
    """Positions of the wrong predictions, (≤ count,), the most confident first."""
    predicted = logits.argmax(axis=1)
    confidence = np.exp(logits.max(axis=1) - logsumexp(logits, axis=1))
    wrong = np.flatnonzero(predicted != labels)
    return np.asarray(wrong[np.argsort(-confidence[wrong], kind="stable")][:count])

"""Scores of a classifier on held-out data, with their intervals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import logsumexp
from sklearn import metrics

from atelier.evaluation.intervals import with_interval
from atelier.evaluation.scoring_rules import negative_log_likelihood
from atelier.evaluation.validation import unmasked
from atelier.types import Array, Labels, Metrics


def classification_metrics(logits: Array, labels: Labels) -> Metrics:
    """Returns accuracy with its 95 % Wilson interval, cross-entropy and the number of images.

    Args:
        logits: (n, classes).
        labels: (n,), integers in [0, classes).

    Returns:
        ``accuracy``, ``accuracy_low``, ``accuracy_high`` in [0, 1], ``loss`` in nats and ``n``.

    Raises:
        ValueError: If the logits or labels are masked, not finite or of another shape.

    Examples:
        >>> import numpy as np
        >>> metrics = classification_metrics(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1]))
        >>> {name: round(value, 3) for name, value in metrics.items()}
        {'accuracy': 0.5, 'accuracy_low': 0.095, 'accuracy_high': 0.905, 'loss': 0.813, 'n': 2.0}
    """
    logits, labels = unmasked("logits", logits), unmasked("labels", labels)
    correct = int((logits.argmax(axis=1) == labels).sum())
    return with_interval("accuracy", correct, len(labels)) | {
        "loss": negative_log_likelihood(logits, labels),
        "n": float(len(labels)),
    }


def class_scores(logits: Array, labels: Labels, classes: Sequence[str]) -> pd.DataFrame:
    """Returns precision, recall, F1 and the number of images of each class.

    Args:
        logits: (n, classes).
        labels: (n,), integers in [0, classes).
        classes: Names of the classes.

    Returns:
        A row for each class: ``class, precision, recall, f1, n``; 0 where it is never predicted.

    Examples:
        >>> import numpy as np
        >>> table = class_scores(np.eye(2), np.array([0, 0]), ["cat", "dog"])
        >>> table.set_index("class").loc["cat"].tolist()
        [1.0, 0.5, 0.6666666666666666, 2.0]
    """
    logits, labels = unmasked("logits", logits), unmasked("labels", labels)
    scores = metrics.precision_recall_fscore_support(
        labels, logits.argmax(axis=1), labels=np.arange(len(classes)), zero_division=0
    )
    columns = dict(zip(("precision", "recall", "f1", "n"), scores, strict=True))
    return pd.DataFrame({"class": list(classes)} | columns)


def confusion_matrix(logits: Array, labels: Labels) -> Array:
    """Returns counts, (classes, classes): rows are true classes, columns predicted ones.

    Examples:
        >>> import numpy as np
        >>> confusion_matrix(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])).tolist()
        [[1, 0], [1, 0]]
    """
    logits, labels = unmasked("logits", logits), unmasked("labels", labels)
    return np.asarray(
        metrics.confusion_matrix(labels, logits.argmax(axis=1), labels=np.arange(logits.shape[1]))
    )


def confident_mistakes(logits: Array, labels: Labels, *, count: int) -> Array:
    """Returns the indices of the wrong predictions, the most confident first.

    Args:
        logits: (n, classes).
        labels: (n,), integers in [0, classes).
        count: Largest number of indices.

    Returns:
        Indices, (≤ count,).

    Examples:
        >>> import numpy as np
        >>> logits = np.array([[1.0, 0.0], [5.0, 0.0], [0.0, 1.0]])
        >>> confident_mistakes(logits, np.array([1, 1, 1]), count=5).tolist()
        [1, 0]
    """
    logits, labels = unmasked("logits", logits), unmasked("labels", labels)
    predicted = logits.argmax(axis=1)
    confidence = np.exp(logits.max(axis=1) - logsumexp(logits, axis=1))
    wrong = np.flatnonzero(predicted != labels)
    return np.asarray(wrong[np.argsort(-confidence[wrong], kind="stable")][:count])

"""Scores of a classifier on held-out data, with their intervals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import logsumexp, softmax
from sklearn import metrics

from atelier.evaluation.calibration_error import expected_calibration_error
from atelier.evaluation.intervals import (
    NOT_NEGATIVE,
    SHARE,
    bootstrap_interval,
    with_bootstrap_interval,
    with_interval,
)
from atelier.evaluation.params import BootstrapParams
from atelier.evaluation.reliability import top_label
from atelier.evaluation.scoring_rules import negative_log_likelihood
from atelier.evaluation.validation import checked_labels, checked_logits
from atelier.types import Array, Labels, Metrics

CLASSIFIER_MEASURES = ("accuracy", "nll", "ece")
"""Measures of a classifier that have an interval; a registered model has them as its metrics."""


def classification_metrics(logits: Array, labels: Labels, params: BootstrapParams) -> Metrics:
    """Returns accuracy, negative log-likelihood and calibration error, with 95 % intervals.

    The accuracy's interval is Wilson's, the others are bootstrap ones.

    Args:
        logits: (n, classes).
        labels: (n,), integers in [0, classes).
        params: Seed and number of the resamples.

    Returns:
        ``accuracy`` in [0, 1], ``nll`` in nats, ``ece`` (over 15 bins of equal width) in [0, 1],
        each with ``<name>_low`` and ``<name>_high``, and the number of images ``n``.

    Raises:
        ValueError: If the logits or labels are masked, not finite or of another shape.

    Examples:
        >>> import numpy as np
        >>> params = BootstrapParams(resamples=100, seed=0)
        >>> logits, labels = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])
        >>> metrics = classification_metrics(logits, labels, params)
        >>> {name: round(metrics[name], 3) for name in ("accuracy", "accuracy_low", "nll", "n")}
        {'accuracy': 0.5, 'accuracy_low': 0.095, 'nll': 0.813, 'n': 2.0}
    """
    logits, labels = _checked(logits, labels)
    nll = negative_log_likelihood(logits, labels)
    correct = int((logits.argmax(axis=1) == labels).sum())
    return (
        with_interval("accuracy", correct, len(labels))
        | _nll_with_interval(nll, logits, labels, params)
        | _ece_with_interval(logits, labels, params)
        | {"n": float(len(labels))}
    )


def _checked(logits: Array, labels: Labels, *, classes: int | None = None) -> tuple[Array, Labels]:
    logits = checked_logits(logits, columns=classes)
    return logits, checked_labels(labels, *logits.shape)


def _nll_with_interval(
    nll: float, logits: Array, labels: Labels, params: BootstrapParams
) -> Metrics:
    losses = logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels]
    low, high = bootstrap_interval(
        np.mean, losses, seed=params.seed, resamples=params.resamples, bounds=NOT_NEGATIVE
    )
    return {"nll": nll, "nll_low": low, "nll_high": high}


def _ece_with_interval(logits: Array, labels: Labels, params: BootstrapParams) -> Metrics:
    return with_bootstrap_interval(
        "ece",
        expected_calibration_error,
        *top_label(softmax(logits, axis=1), labels),
        seed=params.seed,
        resamples=params.resamples,
        bounds=SHARE,
    )


def class_scores(logits: Array, labels: Labels, classes: Sequence[str]) -> pd.DataFrame:
    """Returns precision, recall, F1 and the number of images of each class.

    Args:
        logits: (n, classes).
        labels: (n,), integers in [0, classes).
        classes: Names of the classes.

    Returns:
        A row for each class: ``class, precision, recall, f1, n``; 0 where it is never predicted.

    Raises:
        ValueError: If the logits or labels are masked, not finite or of another shape, or the
            classes are not as many as the logits' columns.

    Examples:
        >>> import numpy as np
        >>> table = class_scores(np.eye(2), np.array([0, 0]), ["cat", "dog"])
        >>> table.set_index("class").loc["cat"].tolist()
        [1.0, 0.5, 0.6666666666666666, 2.0]
    """
    logits, labels = _checked(logits, labels, classes=len(classes))
    scores = metrics.precision_recall_fscore_support(
        labels, logits.argmax(axis=1), labels=np.arange(len(classes)), zero_division=0
    )
    columns = dict(zip(("precision", "recall", "f1", "n"), scores, strict=True))
    return pd.DataFrame({"class": list(classes)} | columns)


def confusion_matrix(logits: Array, labels: Labels) -> Array:
    """Returns counts, (classes, classes): rows are true classes, columns predicted ones.

    Args:
        logits: (n, classes).
        labels: (n,), integers in [0, classes).

    Raises:
        ValueError: If the logits or labels are masked, not finite or of another shape.

    Examples:
        >>> import numpy as np
        >>> confusion_matrix(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])).tolist()
        [[1, 0], [1, 0]]
    """
    logits, labels = _checked(logits, labels)
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

    Raises:
        ValueError: If the logits or labels are masked, not finite or of another shape.

    Examples:
        >>> import numpy as np
        >>> logits = np.array([[1.0, 0.0], [5.0, 0.0], [0.0, 1.0]])
        >>> confident_mistakes(logits, np.array([1, 1, 1]), count=5).tolist()
        [1, 0]
    """
    logits, labels = _checked(logits, labels)
    predicted = logits.argmax(axis=1)
    confidence = np.exp(logits.max(axis=1) - logsumexp(logits, axis=1))
    wrong = np.flatnonzero(predicted != labels)
    return np.asarray(wrong[np.argsort(-confidence[wrong], kind="stable")][:count])

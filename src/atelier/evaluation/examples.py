"""Results of each example of a test split, from which runs are compared pair by pair."""

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from atelier.evaluation.validation import checked_labels, checked_logits
from atelier.types import Array, Labels

SPLIT = "split"
"""The column with the digest of the split."""


def example_table(split: str, **columns: Array) -> pd.DataFrame:
    """Returns a table with a row for each example of a split.

    Args:
        split: The digest of the split's images and labels, by which tables of the same examples
            in the same order are recognised.
        **columns: A value of each example, (n,); the mean of a column is the metric of its name.

    Returns:
        ``split``, then the columns: bool, or float32.

    Raises:
        ValueError: If the columns differ in length.

    Examples:
        >>> import numpy as np
        >>> table = example_table("5f2c", accuracy=np.array([True, False]), nll=np.array([0.1, 2]))
        >>> table.to_dict("list")["accuracy"], table.dtypes["nll"].name
        ([True, False], 'float32')
    """
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise ValueError(f"Expected columns of one length. Received: lengths {sorted(lengths)}")
    types = {name: bool if values.dtype == bool else np.float32 for name, values in columns.items()}
    values = {name: column.astype(types[name]) for name, column in columns.items()}
    return pd.DataFrame({SPLIT: np.repeat(split, *lengths)} | values)


def classification_examples(logits: Array, labels: Labels, *, split: str) -> pd.DataFrame:
    """Returns what a classifier says of each example.

    Args:
        logits: (n, classes).
        labels: (n,), integers in [0, classes).
        split: The digest of the split.

    Returns:
        ``split``; ``accuracy``, whether the prediction is correct; ``nll``, the negative
        log-likelihood of the true class in nats; ``confidence``, the probability of the prediction.

    Raises:
        ValueError: If the logits have another shape or are not finite, or the labels are no classes
            of theirs.

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 0.0], [0.0, 9.0]]), np.array([0, 0])
        >>> table = classification_examples(logits, labels, split="5f2c")
        >>> table["accuracy"].tolist(), table["confidence"].round(2).tolist()
        ([True, False], [0.5, 1.0])
    """
    logits = checked_logits(logits)
    labels = checked_labels(labels, *logits.shape)
    log_probs = logits - logsumexp(logits, axis=1, keepdims=True)
    return example_table(
        split,
        accuracy=logits.argmax(axis=1) == labels,
        nll=-log_probs[np.arange(len(labels)), labels],
        confidence=np.exp(log_probs.max(axis=1)),
    )

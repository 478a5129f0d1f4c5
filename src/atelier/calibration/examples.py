"""Results of each test image before and after temperature scaling."""

import numpy as np
import pandas as pd

from atelier.calibration.tables import SMALLEST
from atelier.evaluation.examples import example_table
from atelier.evaluation.reliability import top_label
from atelier.evaluation.scoring_rules import log_losses
from atelier.types import Array, Arrays, Labels


def calibration_examples(probs: Arrays, labels: Labels, *, split: str) -> pd.DataFrame:
    """Returns likelihood and confidence of each image before and after temperature scaling.

    Args:
        probs: Probabilities, (n, classes), of ``uncalibrated`` and ``temperature``.
        labels: (n,), integers in [0, classes).
        split: The digest of the images and labels.

    Returns:
        ``split``; ``accuracy``, which the temperature leaves as it is; ``nll`` and ``confidence``
        with the endings ``_before`` and ``_after``.

    Examples:
        >>> probs = {"uncalibrated": np.eye(2), "temperature": np.full((2, 2), 0.5)}
        >>> table = calibration_examples(probs, np.array([0, 1]), split="5f2c")
        >>> table["confidence_before"].tolist(), table["confidence_after"].tolist()
        ([1.0, 1.0], [0.5, 0.5])
    """
    before, after = probs["uncalibrated"], probs["temperature"]
    confidence_before, _ = top_label(before, labels)
    confidence_after, correct = top_label(after, labels)
    return example_table(
        split,
        accuracy=correct.astype(bool),
        nll_before=_losses(before, labels),
        nll_after=_losses(after, labels),
        confidence_before=confidence_before,
        confidence_after=confidence_after,
    )


def _losses(probs: Array, labels: Labels) -> Array:
    return log_losses(np.where(probs > 0, probs, SMALLEST), labels)

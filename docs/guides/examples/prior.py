"""A calibrator that ignores the logits: each class has its share of the calibration labels."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from atelier.calibration.base import Calibrator
from atelier.types import Array


class PriorCalibrator(Calibrator):
    """Predicts the frequencies of the classes, which is calibrated and useless."""

    def _fit(self, logits: Array, labels: Array) -> None:
        self.shares_ = np.bincount(labels, minlength=self.classes_) / len(labels)

    def _transform(self, logits: Array) -> Array:
        return np.tile(self.shares_, (len(logits), 1))

    def state(self) -> dict[str, Any]:
        """Returns the frequencies, which the saved file holds."""
        return {"shares": self.shares_}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes the frequencies of a saved file."""
        self.shares_ = np.array(state["shares"], np.float64)

"""What every score of out-of-distribution detection has: how it is fitted, and what it takes."""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple, Self

import numpy as np

from atelier.evaluation.validation import checked_labels, real_numbers, require_finite
from atelier.types import Array

SMALLEST_LENGTH = 1e-12
"""Length below which a vector counts as 0: it is divided by this."""


class LastLayer(NamedTuple):
    """The weights of a network's last layer, which maps features h to logits z = h W + b."""

    weights: Array
    """W, (dimensions, classes), as Keras stores a dense layer."""
    bias: Array
    """b, (classes,)."""

    def logits(self, features: Array) -> Array:
        """Returns the logits of features (n, dimensions), (n, classes) float64."""
        return np.asarray(features @ self.weights.astype(np.float64) + self.bias)


class NetworkOutputs(NamedTuple):
    """Features and logits of n images by one network."""

    features: Array
    """Inputs of the last layer, (n, dimensions)."""
    logits: Array
    """(n, classes)."""
    labels: Array
    """True classes, (n,)."""


class OutOfDistributionScore(ABC):
    """A score of images that is higher for images like the training images.

    A subclass implements `_fit`, if it learns anything, and `_score`.

    Attributes:
        held_out: Whether it should be fitted to images that the network was not trained on.
    """

    held_out: ClassVar[bool] = False

    def fit(self, features: Array, logits: Array, labels: Array, last_layer: LastLayer) -> Self:
        """Learns what in-distribution images look like to the network.

        Args:
            features: (n, dimensions), finite.
            logits: (n, classes), finite.
            labels: True classes, (n,), integers in [0, classes).
            last_layer: Weights and bias of the last layer.

        Returns:
            The score itself.

        Raises:
            ValueError: If a shape is another one, or values are masked, NaN or infinite (counted).
        """
        features, logits = checked_outputs(features, logits)
        dimensions, classes = features.shape[1], logits.shape[1]
        shapes = last_layer.weights.shape, last_layer.bias.shape
        if shapes != ((dimensions, classes), (classes,)):
            raise ValueError(
                f"Expected a last layer of weights ({dimensions}, {classes}) and bias "
                f"({classes},). Received: {shapes[0]} and {shapes[1]}"
            )
        labels = checked_labels(labels, len(logits), classes)
        self._fit(NetworkOutputs(features, logits, labels), last_layer)
        return self

    def score(self, features: Array, logits: Array) -> Array:
        """Returns the score of each image, (n,) float64, higher if more in-distribution.

        Args:
            features: (n, dimensions), finite.
            logits: (n, classes), finite.

        Raises:
            ValueError: If a shape is another one, or values are masked, NaN or infinite (counted).
        """
        return np.asarray(self._score(*checked_outputs(features, logits)), np.float64)

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        """Learns from checked float64 arrays; by default nothing."""
        del outputs, last_layer

    @abstractmethod
    def _score(self, features: Array, logits: Array) -> Array:
        """Returns the score of checked float64 arrays."""


def checked_outputs(features: Array, logits: Array) -> tuple[Array, Array]:
    """Returns features and logits as float64 after checking them.

    Args:
        features: (n, dimensions).
        logits: (n, classes ≥ 2).

    Raises:
        ValueError: If a shape is another one, or values are masked, NaN or infinite (counted).
    """
    features, logits = real_numbers("features", features), real_numbers("logits", logits)
    if features.ndim != 2 or logits.ndim != 2 or len(features) != len(logits):
        raise ValueError(
            "Expected features (n, dimensions) and logits (n, classes). "
            f"Received: {features.shape} and {logits.shape}"
        )
    if logits.shape[1] < 2 or features.shape[1] == 0:
        raise ValueError(
            "Expected at least one feature and two classes. "
            f"Received: features {features.shape}, logits {logits.shape}"
        )
    require_finite("features", features)
    require_finite("logits", logits)
    return features.astype(np.float64, copy=False), logits.astype(np.float64, copy=False)


def unit_length(features: Array) -> Array:
    """Returns each row divided by its length; a row of zeros stays one.

    Args:
        features: (n, dimensions).

    Examples:
        >>> unit_length(np.array([[3.0, 4.0], [0.0, 0.0]]))
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, SMALLEST_LENGTH))

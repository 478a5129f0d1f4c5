"""Types of the data that travels between packages, and protocols of what nodes use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Images = NDArray[np.uint8]
"""Pictures as they are stored: (n, height, width, channels), 0 … 255."""
Labels = NDArray[np.int64]
"""True classes: (n,), integers in [0, classes)."""
Arrays = Mapping[str, Array]
"""Named arrays that belong together, such as ``images`` and ``labels`` of one split."""
Metrics = dict[str, float]
History = Sequence[Mapping[str, float]]
"""One mapping of metrics for each epoch, first epoch first."""


class Classifier(Protocol):
    """A trained network, as far as a node needs to know it (Keras models satisfy it)."""

    def predict(self, x: Array, batch_size: int | None = None, verbose: Any = "auto") -> Array:
        """Returns logits, (n, classes), for images in [0, 1].

        Args:
            x: Images, (n, height, width, channels), float32.
            batch_size: Images in a batch; None is the model's default.
            verbose: 0 shows no progress.

        Returns:
            Logits, (n, classes).
        """
        ...


class MetricLog(Protocol):
    """Where a training writes its metrics epoch by epoch (in a test, a list)."""

    def append(self, metrics: dict[str, float], /) -> None:
        """Records the metrics of one more epoch."""
        ...


class Checkpoint(Protocol):
    """Where a training saves the state from which it resumes after it was killed."""

    def restore(self, fingerprint: str) -> Arrays | None:
        """Returns the last state saved under this fingerprint, or None."""
        ...

    def save(self, fingerprint: str, state: Arrays) -> None:
        """Saves a state; it replaces the state before, whole or not at all."""
        ...

    def clear(self) -> None:
        """Removes the state: the training has finished."""
        ...


class ImageLog(Protocol):
    """Where a node logs its pictures one by one (in a test, a list)."""

    def append(self, picture: Array, /) -> None:
        """Logs one more picture, (height, width, 3) uint8."""
        ...


class RunSinks(Protocol):
    """The sinks of several computations of one node, each under its name."""

    def metric_log(self, name: str) -> MetricLog:
        """Returns the log of a computation's metrics."""
        ...

    def image_log(self, name: str) -> ImageLog:
        """Returns the log of a computation's pictures."""
        ...

    def checkpoint(self, name: str) -> Checkpoint:
        """Returns the checkpoint of a computation."""
        ...

    def clear(self) -> None:
        """Removes every checkpoint: all computations have finished."""
        ...


class Servable(NamedTuple):
    """A model to be registered, with its documentation."""

    model: Any
    """Takes stored images, (n, height, width, channels) uint8; returns logits."""
    example: Images
    prediction: Array
    """The model's output for ``example``."""
    description: str
    tags: Mapping[str, str]
    metrics: Metrics
    """Of the model itself, by name: ``accuracy``, ``nll`` and ``ece`` with intervals, and ``n``."""
    digest: str
    """Of the data on which the metrics were measured."""
    input_rule: Mapping[str, str] = MappingProxyType({})
    """``resize`` and ``background`` of the pictures on which it was trained, if they had such."""


class Animation(NamedTuple):
    """Pictures shown one after another."""

    frames: Images
    """(n, height, width, 3)."""
    seconds: float
    """How long each frame is shown."""


class Registry(Protocol):
    """The versions of a registered model, one of which is the champion."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Holds the lock under which the champion may change."""
        ...

    def newest(self) -> str:
        """Returns the number of the latest version."""
        ...

    def champion(self) -> str | None:
        """Returns the champion's number, or None."""
        ...

    def is_rolled_back(self, version: str, /) -> bool:
        """Returns whether a version was rolled back."""
        ...

    def model(self, version: str, /) -> Callable[[Images], Array]:
        """Returns a version as a function of stored images to probabilities (n, classes)."""
        ...

    def record_verdict(self, version: str, verdict: str, /) -> None:
        """Writes the decision on a version."""
        ...

    def set_champion(self, version: str, verdict: str, /) -> None:
        """Makes a version the champion."""
        ...

    def roll_back(self) -> tuple[str, str] | None:
        """Makes the champion before the champion again; returns both numbers, or None."""
        ...

"""The shapes in which data travels between the rooms of the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
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
"""One mapping of metrics per epoch, first epoch first."""


class Classifier(Protocol):
    """A trained network, as far as a node needs to know it (Keras models satisfy it)."""

    def predict(self, x: Array, batch_size: int | None = None, verbose: Any = "auto") -> Array:
        """Return logits, (n, classes), for images in [0, 1], (n, height, width, channels)."""
        ...


class MetricLog(Protocol):
    """Where a training writes its metrics epoch by epoch (a list will do in a test)."""

    def append(self, metrics: dict[str, float], /) -> None:
        """Record the metrics of one more epoch."""
        ...


class Checkpoint(Protocol):
    """Where a training keeps what it needs to go on after it was killed."""

    def restore(self, fingerprint: str) -> Arrays | None:
        """Return the last state saved under this fingerprint, or None."""
        ...

    def save(self, fingerprint: str, state: Arrays) -> None:
        """Keep a state; it replaces the one before, whole or not at all."""
        ...

    def clear(self) -> None:
        """Forget everything: the training has finished."""
        ...


class ImageLog(Protocol):
    """Where a node shows its pictures one by one as they come (a list will do in a test)."""

    def append(self, picture: Array, /) -> None:
        """Show one more picture, (height, width, 3) uint8."""
        ...


class RunSinks(Protocol):
    """What several works of one node write to while they come, each under its own name."""

    def metric_log(self, name: str) -> MetricLog:
        """Where that work's metrics go."""
        ...

    def image_log(self, name: str) -> ImageLog:
        """Where its pictures go."""
        ...

    def checkpoint(self, name: str) -> Checkpoint:
        """Where it keeps what it needs to go on."""
        ...

    def clear(self) -> None:
        """Forget every checkpoint: all works have finished."""
        ...


class Servable(NamedTuple):
    """A model to be registered, with what its users need to know."""

    model: Any
    """Takes stored images, (n, height, width, channels) uint8; returns logits."""
    example: Images
    prediction: Array
    """What the model makes of ``example``."""
    description: str
    tags: Mapping[str, str]


class Animation(NamedTuple):
    """Pictures shown one after another."""

    frames: Images
    """(n, height, width, 3)."""
    seconds: float
    """How long each is shown."""


class Registry(Protocol):
    """The versions of a registered model, one of which is the champion."""

    @property
    def name(self) -> str:
        """Of the model."""
        ...

    def lock(self) -> AbstractContextManager[None]:
        """While it is open nobody else moves the champion."""
        ...

    def newest(self) -> str:
        """The latest version's number."""
        ...

    def champion(self) -> str | None:
        """The champion's number, or None."""
        ...

    def is_rolled_back(self, version: str, /) -> bool:
        """Whether the version was rolled back."""
        ...

    def model(self, version: str, /) -> Callable[[Images], Array]:
        """Stored images → probabilities (n, classes)."""
        ...

    def record_verdict(self, version: str, verdict: str, /) -> None:
        """Write what was decided on the version."""
        ...

    def set_champion(self, version: str, verdict: str, /) -> None:
        """Make the version the champion."""
        ...

    def roll_back(self) -> tuple[str, str] | None:
        """Make the champion before the champion again; from where to where, or None."""
        ...

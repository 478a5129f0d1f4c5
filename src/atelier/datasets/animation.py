"""Animations as GIF, which plays in MLflow, in a notebook and in a README."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset
from PIL import Image

from atelier.storage.atomic_write import atomic_path
from atelier.types import Animation


class AnimationDataset(AbstractDataset[Animation, Animation]):
    """Saves frames as an endlessly repeating GIF; loads them back as they are shown."""

    def __init__(self, *, filepath: str, metadata: Mapping[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def save(self, data: Animation) -> None:
        """Write the file as a whole."""
        first, *rest = [Image.fromarray(frame) for frame in data.frames]
        with atomic_path(self._filepath) as partial:
            first.save(
                partial,
                format="GIF",
                save_all=True,
                append_images=rest,
                duration=round(1000 * data.seconds),
                loop=0,
            )

    def load(self) -> Animation:
        """The frames, (n, height, width, 3) uint8, and how long each is shown."""
        with Image.open(self._filepath) as image:
            frames = []
            for index in range(getattr(image, "n_frames", 1)):
                image.seek(index)
                frames.append(np.asarray(image.convert("RGB")))
            return Animation(np.stack(frames), image.info["duration"] / 1000)

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

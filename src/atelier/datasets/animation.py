"""Animations as GIF, which plays in MLflow, in a notebook and in a README."""

from __future__ import annotations

import numpy as np
from kedro_datasets._typing import ImagePreview
from PIL import Image

from atelier.datasets.base import FileDataset
from atelier.datasets.previews import preview_file
from atelier.storage.atomic_write import atomic_path
from atelier.types import Animation


class AnimationDataset(FileDataset):
    """Saves frames as an endlessly repeating GIF, and loads them as the GIF shows them."""

    def save(self, data: Animation) -> None:
        """Replaces the file as a whole."""
        first, *following = [Image.fromarray(frame) for frame in data.frames]
        with atomic_path(self._filepath) as partial:
            first.save(
                partial,
                format="GIF",
                save_all=True,
                append_images=following,
                duration=round(1000 * data.seconds),
                loop=0,
            )

    def load(self) -> Animation:
        """Returns the frames, (n, height, width, 3) uint8, and the seconds of each."""
        with Image.open(self._filepath) as image:
            frames = []
            for index in range(getattr(image, "n_frames", 1)):
                image.seek(index)
                frames.append(np.asarray(image.convert("RGB")))
            return Animation(np.stack(frames), image.info["duration"] / 1000)

    def preview(self) -> ImagePreview:
        """Returns the animation as Kedro-Viz shows it."""
        return preview_file(self._filepath)

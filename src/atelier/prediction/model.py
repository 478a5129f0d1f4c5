"""A registered model that labels stored images, and how pictures become its input."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from atelier.data.user_data.image_stack import decode_content, fit_picture
from atelier.data.user_data.params import PictureParams
from atelier.data.user_data.records import Content
from atelier.prediction.params import LabellingParams
from atelier.storage.digests import bytes_digest
from atelier.types import Arrays, Images

BATCH = 256
"""Images that the network labels at once."""
OUTPUTS = {"label", "probability", "probabilities", "log_density", "reject"}


class InputRule(NamedTuple):
    """Shape and colours of a model's images, and how others become such."""

    shape: tuple[int, ...]
    """Height, width and channels."""
    resize: str = "pad"
    background: str = "white"

    def read(self, content: Content, name: str) -> Images:
        """Returns a picture as the model takes it, by the rules by which ``ingest`` reads it.

        Args:
            content: A file's bytes, pixels, or an error.
            name: The picture's name for messages.

        Returns:
            An array of the model's shape.

        Raises:
            ValueError: If the picture is damaged, or does not fit a model of oblong images.
        """
        height, width, channels = self.shape
        params = PictureParams.model_construct(
            side=height if height == width else None,
            resize=self.resize,
            channels=channels,
            background=self.background,
        )
        picture = fit_picture(decode_content(content, name, self.background), params)
        if picture.shape[:2] != (height, width):
            raise ValueError(
                f"{name}: Expected {height}×{width} pixels, as the model's images have. "
                f"Received: {picture.shape[0]}×{picture.shape[1]}"
            )
        coloured = picture if picture.ndim == 3 else picture[..., None]
        return np.broadcast_to(coloured, self.shape)


class ServedModel(NamedTuple):
    """A version of a registered calibrated model; Keras is imported when it labels images."""

    name: str
    version: str
    role: str
    """``champion`` or ``newest``."""
    classes: tuple[str, ...]
    rule: InputRule
    content: bytes
    """Of the ``.keras`` file."""

    @property
    def title(self) -> str:
        """Name, version and role, for messages and figures."""
        return f"{self.name}, version {self.version} ({self.role})"

    @property
    def digest(self) -> str:
        """SHA-256 of what decides its answers: the network, the classes and the rule."""
        marks = f"{self.classes} {self.rule}".encode()
        return bytes_digest(marks + self.content)

    def predict(self, images: Images, threads: int) -> Arrays:
        """Returns the outputs of :func:`atelier.calibration.calibrated_model`, one for each image.

        Args:
            images: (n, height, width, channels) uint8.
            threads: Of TensorFlow, if this is its first computation in the process.

        Raises:
            ValueError: If the outputs are not those of a calibrated model.
        """
        network = _load(self.content, threads)
        outputs: Arrays = network.predict(images, batch_size=BATCH, verbose=0)
        _check_outputs(self.title, outputs)
        return outputs


def with_rule(model: ServedModel, params: LabellingParams) -> ServedModel:
    """Returns a model with the rule of input that the parameters name, else with its own."""
    named = {"resize": params.resize, "background": params.background}
    given = {name: value for name, value in named.items() if value is not None}
    return model._replace(rule=InputRule(**(model.rule._asdict() | given)))


@functools.lru_cache(maxsize=1)
def _load(content: bytes, threads: int) -> Any:
    """Returns the network of a ``.keras`` file, which is loaded once in a process."""
    from atelier.training.model_files import read_model
    from atelier.training.reproducibility import set_threads

    set_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(content)
        return read_model(path)


def _check_outputs(title: str, outputs: Any) -> None:
    names: Sequence[str] = sorted(outputs) if isinstance(outputs, dict) else ["one array"]
    if not set(names) >= OUTPUTS:
        raise ValueError(
            f"{title}: Expected a calibrated model with the outputs {', '.join(sorted(OUTPUTS))}. "
            f"Received: {', '.join(names)}"
        )

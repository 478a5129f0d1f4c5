"""Small labelled pictures, written in every form that is read."""

import io

import numpy as np
import pytest
from PIL import Image

from atelier.data.user_data.params import UserDataParams
from atelier.data.user_data.reading import read_user_data

DEFAULTS = {
    "side": None, "resize": "pad", "channels": None, "background": "white", "order": "name",
    "unreadable": 0.01, "label_column": "label", "file_column": "file", "group_column": "group",
}  # fmt: skip


@pytest.fixture
def read():
    def reads(path, **changes):
        return read_user_data(UserDataParams(data=str(path), **(DEFAULTS | changes)))

    return reads


@pytest.fixture
def images(rng) -> np.ndarray:
    """12 grey images of 8×8 pixels; image i is of class i % 3."""
    return rng.integers(0, 256, (12, 8, 8), dtype=np.uint8)


@pytest.fixture
def labels() -> np.ndarray:
    return np.arange(12) % 3


@pytest.fixture
def folder(tmp_path, images, labels):
    """Pictures named by their position, in a folder for each class."""
    root = tmp_path / "pictures"
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = root / str(label) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return root


def png(image) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()

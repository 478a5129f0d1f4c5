"""Folders of files as EMNIST publishes them."""

import gzip
from pathlib import Path

import numpy as np
from support.idx import packed


def write_emnist(folder: Path, split: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Writes a training and a test part of the same images (n, 28, 28) and published labels (n,).

    EMNIST publishes images transposed; these are written as they are.
    """
    for part in ("train", "test"):
        stem = f"emnist-{split}-{part}"
        (folder / f"{stem}-images-idx3-ubyte").write_bytes(packed(images))
        (folder / f"{stem}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(packed(labels)))

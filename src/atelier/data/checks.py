"""What is looked at before data is trusted: counts, labels, balance, duplicates, identity."""

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from atelier.data.reading import Source
from atelier.types import Arrays, Images


def check_source(source: Source) -> None:
    """Refuse data that is not one label per image, every label naming a class, no class absent.

    Raises:
        ValueError: Says which part, what was expected and what came.
    """
    for name, (images, labels) in source.parts.items():
        where = f"{source.name}, {name} part"
        if len(images) != len(labels):
            raise ValueError(
                f"{where}: Expected one label per image. "
                f"Received: {len(images):,} images, {len(labels):,} labels"
            )
        if len(labels) == 0:
            raise ValueError(f"{where}: Expected images. Received: none")
        if labels.min() < 0 or labels.max() >= len(source.classes):
            raise ValueError(
                f"{where}: Expected labels in [0, {len(source.classes)}), the classes "
                f"{''.join(source.classes)}. Received: {labels.min()} … {labels.max()}"
            )
        absent = np.setdiff1d(np.arange(len(source.classes)), labels)
        if len(absent):
            names = ", ".join(source.classes[label] for label in absent)
            raise ValueError(f"{where}: Expected images of every class. Received: none of {names}")


def splits_digest(splits: Mapping[str, Arrays]) -> str:
    """SHA-256 over every array of every split, names, shapes and types included."""
    total = hashlib.sha256()
    for split in sorted(splits):
        for name in sorted(splits[split]):
            array = np.ascontiguousarray(splits[split][name])
            total.update(f"{split}.{name}{array.shape}{array.dtype}".encode())
            total.update(array.data)
    return total.hexdigest()


def _fingerprints(images: Images) -> list[bytes]:
    return [hashlib.blake2b(image, digest_size=16).digest() for image in images]


def count_duplicates(splits: Mapping[str, Arrays]) -> pd.DataFrame:
    """How many images of each split occur, pixel for pixel, in each other one, and in itself.

    Columns: ``split``, ``images``, then one ``in_<split>`` for each. The diagonal counts
    the images that repeat an earlier one of the same split.
    """
    seen = {name: _fingerprints(split["images"]) for name, split in splits.items()}
    sets = {name: set(prints) for name, prints in seen.items()}
    rows = []
    for name, prints in seen.items():
        within = {f"in_{name}": len(prints) - len(sets[name])}
        across = {
            f"in_{other}": sum(one in sets[other] for one in prints)
            for other in seen
            if other != name
        }
        rows.append({"split": name, "images": len(prints)} | within | across)
    return pd.DataFrame(rows)[["split", "images", *(f"in_{name}" for name in seen)]]


def class_imbalance(counts: pd.Series) -> float:
    """The largest class's count over the smallest's; 1 is balanced."""
    return float(counts.max() / counts.min())

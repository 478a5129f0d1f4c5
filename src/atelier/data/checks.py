"""Checks of data: counts, labels, class balance, duplicates, digests."""

import hashlib
import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd

from atelier.data.reading import Source
from atelier.types import Arrays, Images, Metrics

logger = logging.getLogger(__name__)


def check_source(source: Source) -> None:
    """Checks that every image has a label, every label is a class, and no class is absent.

    Raises:
        ValueError: If a check fails; the message names the part.
    """
    for name, part in source.parts.items():
        images, labels = part.images, part.labels
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
                f"{', '.join(source.classes[:20])}. Received: {labels.min()} … {labels.max()}"
            )
        absent = np.setdiff1d(np.arange(len(source.classes)), labels)
        if len(absent):
            names = ", ".join(source.classes[label] for label in absent)
            raise ValueError(
                f"{where}: Expected images of every class. Received: none of {names}; "
                "add some, or leave the class or the part out"
            )


def splits_digest(splits: Mapping[str, Arrays]) -> str:
    """Returns the SHA-256 over every array of every split, with names, shapes and types."""
    total = hashlib.sha256()
    for split in sorted(splits):
        for name in sorted(splits[split]):
            array = np.ascontiguousarray(splits[split][name])
            total.update(f"{split}.{name}{array.shape}{array.dtype}".encode())
            total.update(array.data)
    return total.hexdigest()


def image_digests(images: Images) -> list[bytes]:
    """Returns a digest of each image's pixels."""
    return [hashlib.blake2b(image, digest_size=16).digest() for image in images]


def count_duplicates(splits: Mapping[str, Arrays]) -> pd.DataFrame:
    """Counts the images of each split that occur, pixel for pixel, in each split.

    Args:
        splits: Splits by name, each with ``images``.

    Returns:
        A row per split: ``split``, ``images``, and ``in_<split>`` for each split. In its own
        column a split counts the images that repeat an earlier image.

    Examples:
        >>> import numpy as np
        >>> from atelier.data import count_duplicates
        >>> images = np.array([1, 2, 2], np.uint8).reshape(3, 1, 1, 1)
        >>> table = count_duplicates({"train": {"images": images}, "test": {"images": images[1:]}})
        >>> table.set_index("split").loc["test"].to_dict()
        {'images': 2, 'in_train': 2, 'in_test': 1}
    """
    prints = {name: image_digests(split["images"]) for name, split in splits.items()}
    unique = {name: set(digests) for name, digests in prints.items()}
    rows = []
    for name, digests in prints.items():
        counts = {
            f"in_{reference}": sum(digest in unique[reference] for digest in digests)
            for reference in prints
        }
        counts[f"in_{name}"] = len(digests) - len(unique[name])
        rows.append({"split": name, "images": len(digests)} | counts)
    return pd.DataFrame(rows)


def warn_of_duplicates(duplicates: pd.DataFrame, name: str) -> None:
    """Logs how many images of held-out splits also occur in the training split, if there are any.

    Args:
        duplicates: What :func:`count_duplicates` returns.
        name: Of the data.
    """
    for row in duplicates.to_dict("records"):
        if row["split"] != "train" and row["in_train"]:
            logger.warning(
                "%s: %d of %d images of the %s split also occur, pixel for pixel, in the training "
                "split: scores on them are too high",
                name, row["in_train"], row["images"], row["split"],
            )  # fmt: skip


def class_imbalance(counts: pd.Series) -> float:
    """Returns the ratio of the largest class to the smallest; 1 is balanced.

    Args:
        counts: Number of images of each class, at least 1.

    Examples:
        >>> import pandas as pd
        >>> from atelier.data import class_imbalance
        >>> class_imbalance(pd.Series([10, 5, 8]))
        2.0
    """
    return float(counts.max() / counts.min())


def split_metrics(splits: Mapping[str, Arrays], duplicates: pd.DataFrame, classes: int) -> Metrics:
    """Returns the size of each split, the classes and their imbalance, and duplicates in training.

    Args:
        splits: Splits by name, each with ``images`` and ``labels``.
        duplicates: What :func:`count_duplicates` returns of them.
        classes: Number of classes.

    Returns:
        ``<split>_n``, ``classes``, ``imbalance``, ``test_images_in_train``.
    """
    counts = pd.Series(np.bincount(splits["train"]["labels"], minlength=classes))
    repeated = duplicates.loc[duplicates["split"] == "test", "in_train"].item()
    return {f"{name}_n": float(len(split["labels"])) for name, split in splits.items()} | {
        "classes": float(len(counts)),
        "imbalance": class_imbalance(counts),
        "test_images_in_train": float(repeated),
    }

"""The data card: what each class holds, and how much its images differ."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from atelier.types import Array, Arrays, Images, Labels

STATISTICS = ("mean_deviation", "largest_deviation")


def class_moments(images: Images, labels: Labels, classes: int) -> tuple[Array, Array]:
    """Mean and standard deviation of every pixel within each class, (classes, height, width),
    both on 0 … 255.
    """
    pictures = [images[labels == label, ..., 0].astype(np.float64) for label in range(classes)]
    means = np.stack([picture.mean(axis=0) for picture in pictures])
    deviations = np.stack([picture.std(axis=0) for picture in pictures])
    return means, deviations


def class_table(splits: Mapping[str, Arrays], classes: Sequence[str]) -> pd.DataFrame:
    """One row per class: its images in each split, and two statistics of its variability.

    ``mean_deviation`` is the mean over pixels of the pixel-wise standard deviation on the training
    split, ``largest_deviation`` its maximum; both on 0 … 255.
    """
    train = splits["train"]
    means, deviations = class_moments(train["images"], train["labels"], len(classes))
    table = pd.DataFrame({"class": list(classes)})
    for name, split in splits.items():
        table[name] = np.bincount(split["labels"], minlength=len(classes))
    table["mean_ink"] = means.mean(axis=(1, 2))
    table["mean_deviation"] = deviations.mean(axis=(1, 2))
    table["largest_deviation"] = deviations.max(axis=(1, 2))
    return table


def most_variable_classes(table: pd.DataFrame) -> dict[str, str]:
    """Which class varies most, by each statistic: they need not agree (the post found the 2)."""
    return {
        statistic: str(table["class"].iloc[int(table[statistic].to_numpy().argmax())])
        for statistic in STATISTICS
    }

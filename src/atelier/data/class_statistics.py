"""Statistics of each class: its images in each split, and the variability of its pixels."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from atelier.types import Array, Arrays, Images, Labels, Metrics

STATISTICS = ("mean_deviation", "largest_deviation")


def class_moments(images: Images, labels: Labels, classes: int) -> tuple[Array, Array]:
    """Computes the mean and the standard deviation of every pixel within each class.

    The pixel of an image in colour is the mean over its channels.

    Args:
        images: (n, height, width, channels) uint8.
        labels: (n,), in [0, classes).
        classes: Number of classes.

    Returns:
        Means and standard deviations, each (classes, height, width), in grey levels 0 … 255.

    Examples:
        >>> import numpy as np
        >>> from atelier.data import class_moments
        >>> images = np.array([0, 10, 7], np.uint8).reshape(3, 1, 1, 1)
        >>> means, deviations = class_moments(images, np.array([0, 0, 1]), 2)
        >>> means.ravel().tolist(), deviations.ravel().tolist()
        ([5.0, 7.0], [5.0, 0.0])
    """
    members = [images[labels == label].mean(axis=-1) for label in range(classes)]
    means = np.stack([member.mean(axis=0) for member in members])
    deviations = np.stack([member.std(axis=0) for member in members])
    return means, deviations


def class_table(splits: Mapping[str, Arrays], classes: Sequence[str]) -> pd.DataFrame:
    """Returns the number of images in each split and statistics of the pixels, a row per class.

    ``mean_ink`` is the mean of all pixels of the training split, ``mean_deviation`` the mean over
    pixels of their standard deviation, ``largest_deviation`` its maximum; all in 0 … 255.

    Args:
        splits: Splits by name, each with ``images`` and ``labels``; ``train`` among them.
        classes: Name of each class.
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
    """Returns the class that varies most by each statistic; the statistics may disagree.

    The post "Introduction to Activation Maximization and implementation in Tensorflow" of Lipman's
    Artificial Intelligence Directory reports the digit 2, the largest by the mean over pixels.

    Args:
        table: What :func:`class_table` returns.

    Examples:
        >>> import pandas as pd
        >>> from atelier.data import most_variable_classes
        >>> deviations = {"mean_deviation": [40.0, 47.1], "largest_deviation": [127.0, 115.0]}
        >>> most_variable_classes(pd.DataFrame({"class": ["1", "2"]} | deviations))
        {'mean_deviation': '2', 'largest_deviation': '1'}
    """
    return {
        statistic: str(table["class"].iloc[int(table[statistic].to_numpy().argmax())])
        for statistic in STATISTICS
    }


def deviation_metrics(table: pd.DataFrame) -> Metrics:
    """Returns the largest value over the classes of each statistic of :func:`class_table`."""
    return {f"highest_{name}": float(table[name].max()) for name in STATISTICS}

"""Divides published training and test parts into the three splits of a study."""

from collections.abc import Sequence

import numpy as np

from atelier.data.shares import rounded_share
from atelier.types import Arrays, Images


def even_squares(images: Images) -> Images:
    """Returns images as squares of an even side, as the sweep's network takes them.

    Rows and columns of zeros are added at the bottom and on the right where they are needed.

    Args:
        images: (n, height, width, channels).

    Examples:
        >>> even_squares(np.ones((1, 27, 20, 3), np.uint8)).shape
        (1, 28, 28, 3)
    """
    side = max(images.shape[1:3])
    side += side % 2
    rows, columns = (side - size for size in images.shape[1:3])
    if not rows and not columns:
        return images
    return np.pad(images, ((0, 0), (0, rows), (0, columns), (0, 0)))


def make_splits(
    training: Sequence[Arrays], test: Arrays, *, train: int | None, selection: float, seed: int
) -> Arrays:
    """Divides images into a training, a selection and a test split.

    The training parts come first, in their order; the test part follows, shuffled. The first
    ``train`` images are for training; a share of the remaining ones selects the learning rate,
    and the rest is for the report.

    Args:
        training: Parts with ``images`` (n, height, width, 1 or 3) and ``labels`` (n,); they are
            concatenated.
        test: A part of the same form.
        train: Number of images to train on; None takes the training parts, whole.
        selection: Share of the remaining images that goes to the selection split, in (0, 1).
        seed: Shuffles the test part.

    Returns:
        ``train_images``, ``train_labels`` and so on for ``selection`` and ``test``.

    Raises:
        ValueError: If fewer than two images remain after the training split.

    Examples:
        >>> images, labels = np.zeros((4, 2, 2, 1), np.uint8), np.arange(4)
        >>> part = {"images": images, "labels": labels}
        >>> splits = make_splits([part], part, train=None, selection=0.5, seed=0)
        >>> {name: len(array) for name, array in splits.items() if name.endswith("labels")}
        {'train_labels': 4, 'selection_labels': 2, 'test_labels': 2}
    """
    shuffled = np.random.default_rng([seed, 2]).permutation(len(test["labels"]))
    parts = [*training, {name: test[name][shuffled] for name in ("images", "labels")}]
    cut = sum(len(part["labels"]) for part in training) if train is None else train
    total = sum(len(part["labels"]) for part in parts)
    if total - cut < 2:
        raise ValueError(f"Expected train ≤ {total - 2}, two less than there are. Received: {cut}")
    selected = cut + max(1, rounded_share(selection, total - cut))
    ends = {"train": (0, cut), "selection": (cut, selected), "test": (selected, total)}
    joined = {n: np.concatenate([part[n] for part in parts]) for n in ("images", "labels")}
    joined["images"] = even_squares(joined["images"])
    return {
        f"{split}_{name}": array[slice(*end)]
        for split, end in ends.items()
        for name, array in joined.items()
    }

"""The three splits of the study out of a published training and test part."""

from collections.abc import Sequence

import numpy as np

from atelier.data.shares import rounded_share
from atelier.types import Arrays


def gather(
    training: Sequence[Arrays], test: Arrays, *, train: int | None, selection: float, seed: int
) -> Arrays:
    """``train_images``, ``train_labels`` and so on for ``selection`` and ``test``.

    The training parts come first, in their order; the test part follows, shuffled. The first
    ``train`` images are trained on; of the others a share chooses the rate and the rest reports.

    Args:
        training: Parts with ``images`` (n, side, side, 1) and ``labels`` (n,), joined.
        test: Likewise.
        train: How many to train on; None takes the training parts, whole.
        selection: Share of the others that goes to the selection, in (0, 1).
        seed: Shuffles the test part.

    Raises:
        ValueError: Fewer than two images would be left over.
    """
    mixed = np.random.default_rng([seed, 2]).permutation(len(test["labels"]))
    parts = [*training, {name: test[name][mixed] for name in ("images", "labels")}]
    cut = sum(len(part["labels"]) for part in training) if train is None else train
    total = sum(len(part["labels"]) for part in parts)
    if total - cut < 2:
        raise ValueError(f"Expected train ≤ {total - 2}, two less than there are. Received: {cut}")
    chosen = cut + max(1, rounded_share(selection, total - cut))
    ends = {"train": (0, cut), "selection": (cut, chosen), "test": (chosen, total)}
    joined = {n: np.concatenate([part[n] for part in parts]) for n in ("images", "labels")}
    return {
        f"{split}_{name}": array[slice(*end)]
        for split, end in ends.items()
        for name, array in joined.items()
    }

"""Splits that keep groups of images together, such as the images of one patient."""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from atelier.data.shares import exact_fraction
from atelier.types import Array, Labels


def grouped_split(
    labels: Labels, groups: Array, shares: Mapping[str, float | Fraction], *, seed: int
) -> dict[str, NDArray[np.int64]]:
    """Assigns whole groups to splits, by shares of each class as nearly as the groups allow.

    Groups come in the order of their size, largest first, equal ones at random; each goes to the
    split that lacks most of the images of its classes.

    Args:
        labels: Classes, (n,).
        groups: Group of each image, (n,).
        shares: Share of each split, summing to 1.
        seed: Seed of the order of groups of equal size.

    Returns:
        The sorted positions of each split; every position belongs to a single split.

    Raises:
        ValueError: If a split gets no image of a class.

    Examples:
        >>> labels, groups = np.array([0, 0, 1, 1] * 2), np.array(list("aabbccdd"))
        >>> splits = grouped_split(labels, groups, {"train": 0.5, "test": 0.5}, seed=0)
        >>> sorted(len(set(groups[index])) for index in splits.values())
        [2, 2]
    """
    names, members = np.unique(groups, return_inverse=True)
    classes = int(labels.max()) + 1
    counts = np.zeros((len(names), classes))
    np.add.at(counts, (members, labels), 1)
    wanted = np.array([[float(exact_fraction(share))] for share in shares.values()])
    lacking = wanted * counts.sum(axis=0)  # (splits, classes)
    assigned = np.empty(len(names), np.int64)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    for group in shuffled[np.argsort(-counts[shuffled].sum(axis=1), kind="stable")]:
        weights = counts[group] / counts.sum(axis=0)
        split = int(np.argmax((lacking / wanted) @ weights))
        assigned[group] = split
        lacking[split] -= counts[group]
    _check_splits(assigned, counts, list(shares))
    return {
        name: np.flatnonzero(assigned[members] == split).astype(np.int64)
        for split, name in enumerate(shares)
    }


def _check_splits(assigned: Array, counts: Array, names: list[str]) -> None:
    for split, name in enumerate(names):
        absent = np.flatnonzero(counts[assigned == split].sum(axis=0) == 0)
        if len(absent):
            raise ValueError(
                f"Expected groups that give each split images of every class. Received: none of "
                f"class {absent[0]} in {name}, from {len(counts)} groups; leave the column of "
                "groups out, or divide large groups"
            )

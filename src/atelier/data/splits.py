"""Stratified, disjoint splits of labelled data."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from atelier.data.grouped_splits import grouped_split
from atelier.data.params import SPLITS, SplitParams
from atelier.data.reading import Part, Source
from atelier.data.shares import exact_fraction, rounded_share
from atelier.types import Array, Arrays, Labels


def stratified_split(
    labels: Labels, shares: Mapping[str, float | Fraction], *, seed: int
) -> dict[str, NDArray[np.int64]]:
    """Divides each class into splits, by shares as exactly as whole images allow.

    Args:
        labels: Classes, (n,).
        shares: Share of each split, summing to 1.
        seed: Seed of the random assignment.

    Returns:
        The sorted positions of each split; every position belongs to a single split.

    Raises:
        ValueError: If a class has fewer images than there are splits.

    Examples:
        >>> import numpy as np
        >>> from atelier.data import stratified_split
        >>> labels = np.array([0] * 8 + [1] * 4)
        >>> splits = stratified_split(labels, {"train": 0.75, "test": 0.25}, seed=0)
        >>> {name: np.bincount(labels[index]).tolist() for name, index in splits.items()}
        {'train': [6, 3], 'test': [2, 1]}
    """
    rng = np.random.default_rng(seed)
    names = list(shares)
    edges = list(accumulate(exact_fraction(shares[name]) for name in names))[:-1]
    chosen: dict[str, list[NDArray[np.int64]]] = {name: [] for name in names}
    for label in np.unique(labels):
        positions = rng.permutation(np.flatnonzero(labels == label))
        if len(positions) < len(names):
            raise ValueError(
                f"Expected at least {len(names)} images of each class, one for each split. "
                f"Received: {len(positions)} of class {label}"
            )
        cuts = np.clip(
            np.array([rounded_share(edge, len(positions)) for edge in edges], np.int64),
            np.arange(1, len(names)),
            len(positions) - np.arange(len(names))[:0:-1],
        )
        for name, piece in zip(names, np.split(positions, cuts), strict=True):
            chosen[name].append(piece)
    return {name: np.sort(np.concatenate(pieces)) for name, pieces in chosen.items()}


def split_source(source: Source, params: SplitParams, *, limit: int | None) -> dict[str, Arrays]:
    """Splits a source into ``train``, ``validation``, ``calibration`` and ``test``.

    Parts that the source has are splits; the others are drawn from its part ``train``, or from its
    only part.

    Args:
        source: The labelled images.
        params: Share of each split.
        limit: Number of images of each part to use, evenly over the classes; None for all.

    Returns:
        ``images`` and ``labels`` of each split.

    Raises:
        ValueError: If there are several parts and none is ``train``, or if a class has too few
            images; the message names it.
    """
    parts = {name: _limited(part, limit, params.seed) for name, part in source.parts.items()}
    if len(parts) > 1 and "train" not in parts:
        raise ValueError(f"{source.name}: Expected a part train. Received: {', '.join(parts)}")
    pool = parts.pop("train" if "train" in parts else next(iter(parts)))
    shares = {
        name: exact_fraction(getattr(params, name)) for name in SPLITS[1:] if name not in parts
    }
    shares = {"train": Fraction(1) - sum(shares.values())} | shares
    _check_counts(source, pool, len(shares))
    if pool.groups is None:
        positions = stratified_split(pool.labels, shares, seed=params.seed)
    else:
        positions = grouped_split(pool.labels, pool.groups, shares, seed=params.seed)
    drawn: dict[str, Arrays] = {
        name: {"images": pool.images[index], "labels": pool.labels[index]}
        for name, index in positions.items()
    }
    given: dict[str, Arrays] = {
        name: {"images": p.images, "labels": p.labels} for name, p in parts.items()
    }
    return drawn | given


def _check_counts(source: Source, pool: Part, splits: int) -> None:
    counts = np.bincount(pool.labels, minlength=len(source.classes))
    rare = [f"{source.classes[i]} has {counts[i]}" for i in np.flatnonzero(counts < splits)]
    if rare:
        raise ValueError(
            f"{source.name}: Expected at least {splits} images of each class, one for each split. "
            f"Received: {', '.join(rare[:8])}; add images or leave the class out"
        )


def _limited(part: Part, limit: int | None, seed: int) -> Part:
    if limit is None or limit >= len(part.labels):
        return part
    share = Fraction(limit, len(part.labels))
    splits = stratified_split(part.labels, {"used": share, "rest": 1 - share}, seed=seed)
    used = splits["used"]
    groups = None if part.groups is None else part.groups[used]
    return Part(part.images[used], part.labels[used], groups)


def random_subset(split: Arrays, count: int | None = None, *, seed: int) -> dict[str, Array]:
    """Draws rows of a split without replacement, in random order.

    Splits keep the order of their source, which may be sorted by class, so the first rows of a
    split are no random subset.

    Args:
        split: Arrays of equal length, ``labels`` among them.
        count: Number of rows; None for all.
        seed: Seed of the random order.

    Returns:
        The same arrays with the drawn rows.

    Examples:
        >>> import numpy as np
        >>> from atelier.data import random_subset
        >>> subset = random_subset({"labels": np.arange(10)}, 3, seed=0)
        >>> len(set(subset["labels"].tolist()))
        3
    """
    order = np.random.default_rng(seed).permutation(len(split["labels"]))[:count]
    return {name: values[order] for name, values in split.items()}

"""Stratified, disjoint splits of labelled data."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import accumulate
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from atelier.data.reading import Part, Source
from atelier.data.shares import exact_fraction, rounded_share
from atelier.params import Params
from atelier.types import Array, Arrays, Labels

SPLITS = ("train", "validation", "calibration", "test")
Share = Annotated[float, Field(gt=0, lt=1)]


class SplitParams(Params):
    """The share of each split, in each class; training gets what is left.

    ``test`` counts only where the data set has no test set of its own.
    """

    validation: Share
    calibration: Share
    test: Share
    seed: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _leaves_something(self) -> "SplitParams":
        total = sum(
            exact_fraction(share) for share in (self.validation, self.calibration, self.test)
        )
        if total >= 1:
            raise ValueError(
                f"Expected shares that leave some for training. Received: {float(total):.3f}"
            )
        return self


def stratified_split(
    labels: Labels, shares: Mapping[str, float | Fraction], *, seed: int
) -> dict[str, NDArray[np.int64]]:
    """Positions of each split, every class divided by ``shares`` as evenly as whole images allow.

    A split's positions are sorted; no position is in two splits, and each is in one.

    Args:
        labels: Classes, (n,).
        shares: Split to share, summing to 1.
        seed: Decides which images go where.

    Raises:
        ValueError: A class has too few images to put one in each split.
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
    """``train``, ``validation``, ``calibration`` and ``test``, each with ``images`` and ``labels``.

    A published test part stays the test split, untouched; everything else is drawn from the other
    part. ``limit`` keeps that many images of each part, evenly over the classes.
    """
    parts = {name: _first(part, limit, params.seed) for name, part in source.parts.items()}
    own_test = parts.pop("test", None) if len(parts) > 1 else None
    (pool,) = parts.values()
    names = ("validation", "calibration") if own_test else ("validation", "calibration", "test")
    shares = {name: exact_fraction(getattr(params, name)) for name in names}
    shares = {"train": Fraction(1) - sum(shares.values())} | shares
    positions = stratified_split(pool.labels, shares, seed=params.seed)
    splits: dict[str, Arrays] = {
        name: {"images": pool.images[index], "labels": pool.labels[index]}
        for name, index in positions.items()
    }
    return splits | ({"test": own_test._asdict()} if own_test else {})


def _first(part: Part, limit: int | None, seed: int) -> Part:
    if limit is None or limit >= len(part.labels):
        return part
    share = Fraction(limit, len(part.labels))
    kept = stratified_split(part.labels, {"kept": share, "left": 1 - share}, seed=seed)["kept"]
    return Part(part.images[kept], part.labels[kept])


def random_subset(split: Arrays, count: int | None = None, *, seed: int) -> dict[str, Array]:
    """``count`` rows of a split drawn at random without repetition, or all, in random order.

    Splits keep the order of their source, which may go by class: whoever wants a part, draws it.
    """
    order = np.random.default_rng(seed).permutation(len(split["labels"]))[:count]
    return {name: values[order] for name, values in split.items()}

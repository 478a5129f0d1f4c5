"""Splits of images of cells: drawn at random, or given by the folders they come from."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np

from atelier.cells.params import CellSplitParams
from atelier.cells.samples import Sample
from atelier.data.shares import rounded_share

logger = logging.getLogger(__name__)

CELL_SPLITS = ("train", "validation", "test")
LARGEST_SHARES = {"validation": 0.1, "test": 0.3}
"""Of one's own images, which may be few: the largest share of each held-out split."""


def split_cells(
    samples: Mapping[str, Sample], params: CellSplitParams
) -> dict[str, dict[str, Sample]]:
    """Splits whole images at random into ``train``, ``validation`` and ``test``, disjoint.

    Args:
        samples: By name.
        params: Sizes of the splits, fold and seed.

    Returns:
        Samples by name, by the split's name.

    Raises:
        ValueError: Too few images for validation and test, or no such fold.

    Examples:
        >>> from atelier.cells import CellSplitParams, split_cells
        >>> params = CellSplitParams(validation=1, test=1, fold=0, seed=0)
        >>> splits = split_cells(dict.fromkeys("abcd"), params)
        >>> {name: len(samples) for name, samples in splits.items()}
        {'train': 2, 'validation': 1, 'test': 1}
    """
    held_out = params.validation + params.test
    folds = len(samples) // params.test
    if len(samples) <= held_out or params.fold >= folds:
        raise ValueError(
            f"Expected more than {held_out} pictures and a fold below {folds}. "
            f"Received: {len(samples)} pictures, fold={params.fold}"
        )
    return _draw(samples, {"validation": params.validation, "test": params.test}, params)


def _draw(
    samples: Mapping[str, Sample], sizes: Mapping[str, int], params: CellSplitParams
) -> dict[str, dict[str, Sample]]:
    """Draws whole images for validation and test; the fold rotates their seeded order."""
    held_out = sizes["validation"] + sizes["test"]
    order = np.random.default_rng(params.seed).permutation(np.array(sorted(samples)))
    order = np.roll(order, -params.fold * sizes["test"])
    cuts = {
        "test": order[: sizes["test"]],
        "validation": order[sizes["test"] : held_out],
        "train": order[held_out:],
    }
    return {
        part: {str(name): samples[str(name)] for name in sorted(cuts[part])} for part in CELL_SPLITS
    }


def split_given(
    samples: Mapping[str, Sample],
    given: Mapping[str, Mapping[str, Sample]],
    params: CellSplitParams,
) -> dict[str, dict[str, Sample]]:
    """Splits one's own images; splits that their folders name stay as they are.

    The sizes in ``params`` are upper limits: at most a tenth of the images is for validation and
    three tenths for test, at least one each.

    Args:
        samples: By name; from these, splits that are not given are drawn, and the rest is for
            training.
        given: Samples by name, of ``validation``, ``test`` or both.
        params: Sizes of the splits, fold and seed.

    Returns:
        Samples by name, by the split's name.

    Raises:
        ValueError: Too few images, or a fold although the test images are given.

    Examples:
        >>> from atelier.cells import CellSplitParams, split_given
        >>> params = CellSplitParams(validation=6, test=18, fold=0, seed=0)
        >>> splits = split_given(dict.fromkeys("abcdefghij"), {"test": {"z": None}}, params)
        >>> {name: len(samples) for name, samples in splits.items()}
        {'train': 9, 'validation': 1, 'test': 1}
    """
    if "test" in given and params.fold:
        raise ValueError(
            "Expected fold=0, since the folders of the images say which are the test. "
            f"Received: fold={params.fold}"
        )
    sizes = {
        name: 0 if name in given else _limited(getattr(params, name), share, len(samples))
        for name, share in LARGEST_SHARES.items()
    }
    if len(samples) <= sum(sizes.values()):
        raise ValueError(
            f"Expected at least {sum(sizes.values()) + 1} images to draw "
            f"{' and '.join(name for name in sizes if sizes[name])} from. "
            f"Received: {len(samples)}"
        )
    folds = len(samples) // sizes["test"] if sizes["test"] else 1
    if params.fold >= folds:
        raise ValueError(f"Expected a fold below {folds}. Received: fold={params.fold}")
    splits = _draw(samples, sizes, params) | {name: dict(part) for name, part in given.items()}
    logger.debug("Images of cells: %s", {name: len(part) for name, part in splits.items()})
    return splits


def _limited(size: int, share: float, images: int) -> int:
    """Returns a split's size, at most a share of the images, at least 1."""
    return min(size, max(1, rounded_share(share, images)))

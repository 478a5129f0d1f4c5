"""Two ways to scale dropped units, and what each does on average (Srivastava et al. 2014)."""

import itertools

import keras
import numpy as np
import pandas as pd

from atelier.types import Array

EXAMPLE_ACTIVATIONS = np.arange(1.0, 9.0)


EXAMPLE_MASK = np.array([1, 0, 0, 1, 1, 0, 1, 0])
"""The units that the post's example keeps. Its sum, 29, has a 5 that should have become 10: 34."""


def scaled_at_test(x: Array, mask: Array | None, *, keep: float) -> Array:
    """The paper's way: dropped while training, x · mask; times ``keep`` at test (no mask)."""
    return np.asarray(x * keep if mask is None else x * mask)


def scaled_at_training(x: Array, mask: Array | None, *, keep: float) -> Array:
    """TensorFlow's way: divided by ``keep`` while training, x · mask / keep; x itself at test."""
    return np.asarray(x if mask is None else x * mask / keep)


SCALINGS = {"scaled at test": scaled_at_test, "scaled at training": scaled_at_training}


def all_masks(units: int) -> Array:
    """All 2ⁿ masks, (2ⁿ, units), 0 or 1."""
    return np.array(list(itertools.product((0, 1), repeat=units)))


def mask_probabilities(masks: Array, *, keep: float) -> Array:
    """The chance of each mask, (masks,), when each unit stays with chance ``keep``."""
    stay = masks.sum(axis=1)
    return np.asarray(keep**stay * (1 - keep) ** (masks.shape[1] - stay))


def scaling_example(*, keep: float = 0.5) -> pd.DataFrame:
    """The post's eight neurons both ways: under its mask, on average over all masks, at test."""
    masks = all_masks(len(EXAMPLE_ACTIVATIONS))
    chance = mask_probabilities(masks, keep=keep)
    rows = []
    for name, way in SCALINGS.items():
        average = chance @ way(EXAMPLE_ACTIVATIONS, masks, keep=keep)
        test = way(EXAMPLE_ACTIVATIONS, None, keep=keep)
        once = way(EXAMPLE_ACTIVATIONS, EXAMPLE_MASK, keep=keep)
        sums = {"mask_sum": once.sum(), "average_sum": average.sum(), "test_sum": test.sum()}
        rows.append({"way": name} | sums | {"largest_gap": np.abs(average - test).max()})
    return pd.DataFrame(rows)


def active_units(units: int, *, drop: float, batches: int, seed: int) -> Array:
    """How many of the units each batch's mask keeps, (batches,), by Keras' own layer."""
    layer = keras.layers.Dropout(drop, noise_shape=(None, units), seed=seed)
    kept = np.asarray(layer(np.ones((batches, units), np.float32), training=True)) > 0
    return np.asarray(kept.sum(axis=1))

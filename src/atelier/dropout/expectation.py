"""Two ways to scale the units of dropout, and their averages over all masks.

They are those of Srivastava et al. 2014 and of TensorFlow. The example, eight neurons under a mask,
is that of the post "Dropout explained and implementation in Tensorflow" in Lipman's Artificial
Intelligence Directory (laid.delanover.com).
"""

import itertools

import numpy as np
import pandas as pd

from atelier.types import Array

EXAMPLE_ACTIVATIONS = np.arange(1.0, 9.0)
EXAMPLE_MASK = np.array([1, 0, 0, 1, 1, 0, 1, 0])
"""The mask of the example. The sum that the post prints is 29; 5 / 0.5 is 10, so it is 34."""


def scaled_at_test(x: Array, mask: Array | None, *, keep: float) -> Array:
    """Applies dropout as in Srivastava et al. 2014: units are scaled at test time.

    Args:
        x: Activations, (..., units).
        mask: 1 for active units, 0 for dropped ones, in training; None at test time.
        keep: Probability that a unit is active, in (0, 1].

    Returns:
        x · mask in training, x · keep at test time.

    Examples:
        >>> import numpy as np
        >>> x, mask = np.array([1.0, 2.0]), np.array([0, 1])
        >>> scaled_at_test(x, mask, keep=0.5).tolist(), scaled_at_test(x, None, keep=0.5).tolist()
        ([0.0, 2.0], [0.5, 1.0])
    """
    return np.asarray(x * keep if mask is None else x * mask)


def scaled_at_training(x: Array, mask: Array | None, *, keep: float) -> Array:
    """Applies dropout as TensorFlow does: units are scaled in training.

    Args:
        x: Activations, (..., units).
        mask: 1 for active units, 0 for dropped ones, in training; None at test time.
        keep: Probability that a unit is active, in (0, 1].

    Returns:
        x · mask / keep in training, x at test time.

    Examples:
        >>> import numpy as np
        >>> x, mask = np.array([1.0, 2.0]), np.array([0, 1])
        >>> scaled_at_training(x, mask, keep=0.5).tolist()
        [0.0, 4.0]
    """
    return np.asarray(x if mask is None else x * mask / keep)


SCALINGS = {"at_test": scaled_at_test, "at_training": scaled_at_training}


def all_masks(units: int) -> Array:
    """Returns all 2ⁿ masks of n units, (2ⁿ, units), 0 or 1.

    Examples:
        >>> all_masks(2).tolist()
        [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    return np.array(list(itertools.product((0, 1), repeat=units)))


def mask_probabilities(masks: Array, *, keep: float) -> Array:
    """Returns the probability of each mask, (masks,), if each unit is active with ``keep``.

    Examples:
        >>> mask_probabilities(all_masks(1), keep=0.75).tolist()
        [0.25, 0.75]
    """
    active = masks.sum(axis=1)
    return np.asarray(keep**active * (1 - keep) ** (masks.shape[1] - active))


def scaling_example(*, keep: float = 0.5) -> pd.DataFrame:
    """Returns the sums of the example's eight neurons for both ways of scaling.

    Args:
        keep: Probability that a unit is active, in (0, 1].

    Returns:
        A row for each ``scaling``: ``mask_sum`` under the example's mask, ``average_sum`` over all
        masks, ``test_sum`` at test time, ``largest_gap`` between average and test of a neuron.

    Examples:
        >>> scaling_example().round(6).values.tolist()
        [['at_test', 17.0, 18.0, 18.0, 0.0], ['at_training', 34.0, 36.0, 36.0, 0.0]]
    """
    masks = all_masks(len(EXAMPLE_ACTIVATIONS))
    probabilities = mask_probabilities(masks, keep=keep)
    rows = []
    for name, scale in SCALINGS.items():
        average = probabilities @ scale(EXAMPLE_ACTIVATIONS, masks, keep=keep)
        test = scale(EXAMPLE_ACTIVATIONS, None, keep=keep)
        masked = scale(EXAMPLE_ACTIVATIONS, EXAMPLE_MASK, keep=keep)
        sums = {"mask_sum": masked.sum(), "average_sum": average.sum(), "test_sum": test.sum()}
        rows.append({"scaling": name} | sums | {"largest_gap": np.abs(average - test).max()})
    return pd.DataFrame(rows)

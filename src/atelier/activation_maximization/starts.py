"""The images from which an optimisation starts, and what is done to their border."""

from collections.abc import Sequence

import numpy as np

from atelier.types import Array

CONSTANTS = {"ones": 1.0, "half": 0.5, "zeros": 0.0}
RANDOM = "random"


def initial_images(kind: str, count: int, shape: Sequence[int], *, seed: int) -> Array:
    """Returns images from which an optimisation starts.

    Args:
        kind: ``ones``, ``half`` and ``zeros`` are constant images; ``random`` has independent
            pixels, uniform in [0, 1).
        count: Number of images, at least 1.
        shape: (height, width, channels).
        seed: Seed of the random pixels.

    Returns:
        (count, height, width, channels) float32, in [0, 1].

    Raises:
        ValueError: If `kind` is unknown.

    Examples:
        >>> from atelier.activation_maximization import initial_images
        >>> initial_images("half", 2, (28, 28, 1), seed=0).shape
        (2, 28, 28, 1)
    """
    if kind == RANDOM:
        pixels = np.random.default_rng(seed).uniform(0, 1, (count, *shape))
        return np.asarray(pixels, np.float32)
    if kind not in CONSTANTS:
        raise ValueError(
            f"Expected a start out of {', '.join([*CONSTANTS, RANDOM])}. Received: {kind}"
        )
    return np.full((count, *shape), CONSTANTS[kind], np.float32)


def list_starts(kinds: Sequence[str], random_draws: int) -> list[tuple[str, int]]:
    """Returns each kind of start with the number of its draw; the random ones come last.

    Examples:
        >>> from atelier.activation_maximization import list_starts
        >>> list_starts(["random", "ones"], 2)
        [('ones', 0), ('random', 0), ('random', 1)]
    """
    starts = [(kind, 0) for kind in kinds if kind != RANDOM]
    if RANDOM in kinds:
        starts += [(RANDOM, draw) for draw in range(random_draws)]
    return starts


def zero_border(images: Array, width: int) -> Array:
    """Returns copies of images, (n, height, width, channels), whose outermost pixels are 0.

    Examples:
        >>> import numpy as np
        >>> from atelier.activation_maximization import zero_border
        >>> zero_border(np.ones((1, 3, 4, 1)), 1)[0, ..., 0]
        array([[0., 0., 0., 0.],
               [0., 1., 1., 0.],
               [0., 0., 0., 0.]])
    """
    result = np.zeros_like(images)
    inner = np.s_[:, width : images.shape[1] - width, width : images.shape[2] - width]
    result[inner] = images[inner]
    return result

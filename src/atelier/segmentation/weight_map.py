"""The weight of a pixel between two cells (Ronneberger et al. 2015, eq. 2)."""

import numpy as np

from atelier.cells.instance_labels import check_labels
from atelier.segmentation.nearest_cells import two_nearest_distances
from atelier.types import Array

NEGLIGIBLE = 1e-9
"""Share of ``w0`` below which a weight is 0: too small to change a pixel's float32 weight."""


def border_weights(labels: Array, *, w0: float = 10.0, sigma: float = 5.0) -> Array:
    """Computes the border term of U-Net's weight map, w0 exp(-(d1 + d2)² / 2σ²).

    d1 and d2 are the exact distances of a pixel to the nearest pixel of the nearest and of the
    second nearest cell (Ronneberger et al. 2015, eq. 2). The class balance of that equation is
    :func:`class_balance`.

    Args:
        labels: Instance labels, integers of any dimension; 0 is background.
        w0: Weight that a gap of no width would have.
        sigma: Width at which the weight falls, pixels, above 0.

    Returns:
        Weights of the labels' shape, float64; 0 on cells, where there are fewer than two cells, and
        where the weight is less than 1e-9 w0 (d1 + d2 above 6.44 sigma, rounded up).

    Raises:
        ValueError: Labels are not integers, negative or masked, or ``sigma`` is not positive.

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import border_weights
        >>> border_weights(np.array([[1, 0, 2]])).round(2)
        array([[0.  , 9.23, 0.  ]])
    """
    labels = check_labels(labels)
    if sigma <= 0:
        raise ValueError(f"Expected a positive sigma. Received: sigma={sigma}")
    if labels.size == 0 or labels.ndim == 0:
        return np.zeros(labels.shape)
    reach = int(np.ceil(sigma * np.sqrt(-2 * np.log(NEGLIGIBLE))))
    first, second = two_nearest_distances(labels, reach=reach)
    weights = w0 * np.exp(-((first + second) ** 2) / (2 * sigma**2))
    return np.where(labels > 0, 0.0, weights)


def class_balance(labels: Array) -> tuple[float, float]:
    """Returns weights of background and cell that give both classes the same total weight.

    This is w_c of Ronneberger et al. (2015), with a mean over all pixels of 1. If a class is
    absent, both weights are 1.

    Args:
        labels: Labels of a whole training set or image, of any shape; 0 is background.

    Raises:
        ValueError: Labels are not integers, negative or masked, or there are none.

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import class_balance
        >>> background, cell = class_balance(np.array([0, 0, 0, 1]))
        >>> round(background, 3), cell
        (0.667, 2.0)
    """
    labels = check_labels(labels)
    if labels.size == 0:
        raise ValueError(f"Expected labels. Received: none, {labels.shape}")
    share = float(np.mean(labels > 0))
    return (0.5 / (1 - share), 0.5 / share) if 0 < share < 1 else (1.0, 1.0)

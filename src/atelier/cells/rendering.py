"""Images of cells, their labels and a segmentation's errors as colours."""

import numpy as np
from skimage.color import hsv2rgb
from skimage.segmentation import find_boundaries

from atelier.cells.grayscale import normalise
from atelier.cells.instance_labels import number_cells
from atelier.cells.scores import pairwise_iou
from atelier.types import Array

TRUE_POSITIVE, FALSE_NEGATIVE = (0.30, 0.55, 0.75), (0.86, 0.25, 0.33)
FALSE_POSITIVE = (0.98, 0.72, 0.20)
"""Red, green and blue in [0, 1] of the cells that a segmentation matches, misses and invents."""


def display_grey(image: Array) -> Array:
    """Returns the normalised grey image, cut to [0, 1], (height, width) float32."""
    return np.clip(normalise(image), 0, 1)


def colour_labels(labels: Array, *, seed: int = 0) -> Array:
    """Draws each cell in a random colour on white, with a darker outline.

    Args:
        labels: Instance labels, (height, width); 0 is background.
        seed: Decides the colours.

    Returns:
        (height, width, 3), in [0, 1].

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import colour_labels
        >>> colour_labels(np.array([[0, 1]]))[0, 0].tolist()
        [1.0, 1.0, 1.0]
    """
    labels, ids = number_cells(labels)
    rng = np.random.default_rng(seed)
    colours = rng.uniform(0.25, 0.95, (len(ids) + 1, 3))
    colours[0] = 1.0
    drawing = colours[labels]
    drawing[find_boundaries(labels, mode="inner")] *= 0.6
    return np.asarray(drawing)


def outline(labels: Array) -> Array:
    """Returns the outermost pixels of each cell, (height, width) bool."""
    return np.asarray(find_boundaries(number_cells(labels)[0], mode="inner"))


def draw_outlines(image: Array, labels: Array, *, seed: int = 0) -> Array:
    """Draws the outline of each cell in a random bright colour over the grey image.

    Args:
        image: (height, width), or with channels.
        labels: Instance labels, (height, width); 0 is background.
        seed: Decides the colours.

    Returns:
        (height, width, 3) uint8.

    Raises:
        ValueError: If image and labels differ in height or width, or labels are no labels.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import draw_outlines
        >>> drawing = draw_outlines(np.zeros((1, 3)), np.array([[0, 0, 1]]))
        >>> drawing[0, 0].tolist(), bool(drawing[0, 2].max() > 200)
        ([0, 0, 0], True)
    """
    labels, ids = number_cells(labels)
    hsv = np.random.default_rng(seed).uniform((0, 0.6, 0.95), (1, 0.8, 1), (1, len(ids), 3))
    colours = np.rint(255 * hsv2rgb(hsv)[0]).astype(np.uint8)
    grey = np.rint(255 * display_grey(image)).astype(np.uint8)
    if grey.shape != labels.shape:
        raise ValueError(
            f"Expected labels of the image's shape, {grey.shape}. Received: {labels.shape}"
        )
    drawing = np.repeat(grey[..., None], 3, axis=2)
    edges = outline(labels)
    drawing[edges] = colours[labels[edges] - 1]
    return drawing


def colour_errors(image: Array, truth: Array, predicted: Array) -> Array:
    """Draws a segmentation's hits and errors over the grey image.

    A cell is a true positive (blue) at an IoU above 0.5 with a true cell, otherwise a false
    positive (yellow); true cells without such a match are false negatives (red).

    Args:
        image: (height, width), or with channels.
        truth: Instance labels, (height, width); 0 is background.
        predicted: Instance labels, (height, width).

    Returns:
        (height, width, 3), in [0, 1]; outlines of predicted cells are white.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import colour_errors
        >>> truth = np.array([[1, 1, 0, 0, 0]])
        >>> drawing = colour_errors(np.zeros((1, 5)), truth, np.zeros_like(truth))
        >>> [round(float(value), 2) for value in drawing[0, 0]]
        [0.47, 0.14, 0.18]
    """
    drawing = np.repeat(display_grey(image)[..., None] * 0.75, 3, axis=2)
    truth, predicted = number_cells(truth)[0], number_cells(predicted)[0]
    matches = pairwise_iou(truth, predicted) > 0.5
    matched, correct = (np.append(False, matches.any(axis=axis)) for axis in (1, 0))
    layers = (
        ((truth > 0) & ~matched[truth], FALSE_NEGATIVE),
        ((predicted > 0) & ~correct[predicted], FALSE_POSITIVE),
        (correct[predicted], TRUE_POSITIVE),
    )
    for mask, colour in layers:
        drawing[mask] = 0.45 * drawing[mask] + 0.55 * np.array(colour)
    drawing[find_boundaries(predicted, mode="inner")] = 1.0
    return drawing

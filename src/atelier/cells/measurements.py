"""Measures of each cell in an image."""

import numpy as np
import pandas as pd

from atelier.cells.grayscale import stored_grey
from atelier.cells.instance_labels import number_cells
from atelier.types import Array


def measure_cells(labels: Array, image: Array, probability: Array | None = None) -> pd.DataFrame:
    """Measures area, centroid, mean intensity and mean probability of each cell.

    Args:
        labels: Instance labels, (height, width); 0 is background.
        image: Grey, RGB or RGBA, of the same height and width.
        probability: Of being cell, (height, width); None gives NaN.

    Returns:
        A row for each cell: ``label``, ``area`` in pixels, ``centroid_y`` and ``centroid_x`` in
        pixels from the upper left pixel's centre, ``mean_intensity`` in the grey values of the
        image, and ``probability``, the mean over the cell's pixels.

    Raises:
        ValueError: If image or probability have another height or width than the labels.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import measure_cells
        >>> labels = np.array([[1, 1, 0], [0, 0, 7]])
        >>> measure_cells(labels, np.array([[10, 20, 0], [0, 0, 9]])).iloc[:, :5].values.tolist()
        [[1.0, 2.0, 0.0, 0.5, 15.0], [7.0, 1.0, 1.0, 2.0, 9.0]]
    """
    numbered, ids = number_cells(labels)
    grey = stored_grey(image)
    shapes = {"image": grey.shape}
    shapes |= {} if probability is None else {"probability": np.shape(probability)}
    if numbered.ndim != 2 or {*shapes.values()} != {numbered.shape}:
        raise ValueError(
            "Expected labels, image and probability of one height and width. Received: "
            f"labels {numbered.shape}, {', '.join(f'{n} {shape}' for n, shape in shapes.items())}"
        )
    flat = numbered.ravel()
    area = np.bincount(flat, minlength=len(ids) + 1)[1:]

    def mean(values: Array) -> Array:
        sums = np.bincount(flat, np.broadcast_to(values, numbered.shape).ravel(), len(ids) + 1)
        return np.asarray(sums[1:] / area)

    height, width = numbered.shape
    return pd.DataFrame(
        {
            "label": ids.astype(np.uint64 if ids.dtype == np.uint64 else np.int64),
            "area": area.astype(np.int64),
            "centroid_y": mean(np.arange(height)[:, None]),
            "centroid_x": mean(np.arange(width)[None]),
            "mean_intensity": mean(grey),
            "probability": np.nan if probability is None else mean(probability),
        }
    )

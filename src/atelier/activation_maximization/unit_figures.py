"""Figures of images that maximize single units: classes of any model, channels, an animation."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from atelier.activation_maximization.figures import image_rows_figure
from atelier.plotting import draw_frames
from atelier.types import Array, Arrays, Images


def as_drawn(images: Array) -> Array:
    """Returns images as they are drawn: (…, 3) in colour, other numbers of channels in grey.

    Args:
        images: (…, height, width, channels), in [0, 1].

    Returns:
        (…, height, width), or (…, height, width, 3) cut to [0, 1].
    """
    channels = images.shape[-1]
    if channels == 3:
        return np.clip(images, 0, 1)
    return np.asarray(images[..., 0] if channels == 1 else images.mean(axis=-1))


def own_classes_figure(ascent: Arrays, table: pd.DataFrame, *, title: str) -> Figure:
    """Draws the images of maximal logits of a model's classes, a row for each preset.

    Args:
        ascent: ``preset``, ``images``, (presets, n, height, width, channels), and ``classes``.
        table: A row for each preset and class, with ``probability`` and ``predicted``.
        title: Title of the figure.

    Returns:
        The figure; below an image is the model's probability of its class.
    """
    presets = ascent["preset"].tolist()
    rows = dict(zip(presets, as_drawn(ascent["images"]), strict=True))
    notes = {
        preset: [f"{value:.2f}" for value in table.loc[table["preset"] == preset, "probability"]]
        for preset in presets
    }
    return image_rows_figure(rows, notes, ascent["classes"].tolist(), title=title)


def layer_units_figure(layers: Mapping[str, Array], *, title: str) -> Figure:
    """Draws the images that maximize single units, a row for each layer.

    Args:
        layers: Images by the layer's name, (units, height, width, channels) each.
        title: Title of the figure.
    """
    rows = {layer: as_drawn(images) for layer, images in layers.items()}
    columns = [str(unit) for unit in range(max(len(images) for images in rows.values()))]
    return image_rows_figure(rows, {}, columns, title=title)


def ascent_frames(frames: Array) -> Images:
    """Draws the animation of :func:`atelier.plotting.draw_frames` for images in [0, 1].

    Args:
        frames: (frames, n, height, width, channels), in [0, 1].
    """
    return draw_frames(as_drawn(frames))

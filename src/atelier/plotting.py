"""The house style of all figures."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from atelier.types import Array, Images

INK, ACCENT, WARM, QUIET = "#1f2933", "#2f6690", "#d1495b", "#9aa5b1"
SPLIT_COLOURS = {
    "train": "#2f6690",
    "validation": "#81b29a",
    "calibration": "#e9c46a",
    "test": "#d1495b",
}
STYLE: dict[Any, Any] = {
    "figure.constrained_layout.use": True,
    "figure.dpi": 120,
    "font.size": 9,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e7eb",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draws in the house style inside the context, and restores matplotlib's settings after it."""
    with mpl.rc_context(STYLE):
        yield


def rasterize(figure: Figure) -> Images:
    """Returns the figure as an image, (height, width, 3) uint8."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def write_png(figure: Figure, target: Path | IO[bytes], *, dpi: float | None = None) -> None:
    """Writes a figure as PNG. Draws once, where ``savefig`` draws twice for a layout.

    Args:
        figure: The figure.
        target: A path or an open file.
        dpi: Pixels of an inch; by default those of the figure.
    """
    figure.set_dpi(dpi or figure.dpi)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(target)


def rasterize_frames(figure: Figure, draw: Callable[[int], object], count: int) -> Images:
    """Returns a figure as the frames of an animation.

    The places of axes and texts are computed once, for the first frame.

    Args:
        figure: With a layout engine, or without.
        draw: Makes the figure show a frame, of which it gets the index.
        count: Number of frames, at least 1.

    Returns:
        (count, height, width, 3) uint8.

    Examples:
        >>> figure = Figure(figsize=(1, 1), dpi=50)
        >>> text = figure.text(0, 0, "")
        >>> rasterize_frames(figure, lambda index: text.set_text(str(index)), 2).shape
        (2, 50, 50, 3)
    """
    frames = []
    for index in range(count):
        draw(index)
        frames.append(rasterize(figure))
        figure.set_layout_engine("none")
    return np.stack(frames)


def displayed(image: Array) -> Array:
    """Returns an image as matplotlib takes it: (height, width) of one channel, else RGB.

    Args:
        image: (height, width), (height, width, 1) or (height, width, 3).
    """
    return image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image


def stretch_contrast(image: Array) -> Array:
    """Returns an image in colour with its least value at 0 and its largest at 1."""
    low, high = float(image.min()), float(image.max())
    return (image - low) / (high - low or 1.0)


def hide_axes(axes: Axes) -> None:
    """Hides frame, ticks and labels, as of an image; matplotlib also stops computing their places.

    Args:
        axes: Its title and what is drawn in it stay.
    """
    axes.set_axis_off()
    axes.xaxis.set_visible(False)
    axes.yaxis.set_visible(False)


def rotate_long_names(axes: Axes, names: Sequence[str], *, longest: int) -> None:
    """Turns the tick labels of the x axis where a name is long.

    Args:
        axes: With one tick for each name.
        names: The tick labels.
        longest: Most letters of a name that is not turned.
    """
    if max(map(len, names), default=0) > longest:
        axes.tick_params(axis="x", labelrotation=90)


def shorten(name: str, *, longest: int = 18) -> str:
    """Returns a name with its middle left out where it is too long for a heading.

    Examples:
        >>> shorten("a very long name of a class")
        'a very l… a class'
    """
    half = (longest - 1) // 2
    return name if len(name) <= longest else f"{name[:half]}…{name[-half:]}"


def set_title(figure: Figure, title: str) -> Text:
    """Writes the title of a whole figure, bold, from its left edge, and returns it.

    A title that is longer than the figure is wide has several lines.
    """
    return figure.suptitle(title, x=0.01, ha="left", weight="bold", size=10, wrap=True)


def draw_frames(frames: Array) -> Images:
    """Draws images side by side for each frame of an animation.

    Args:
        frames: (frames, n, height, width[, 1 or 3]), in [0, 1].

    Returns:
        (frames, height, width, 3) uint8.
    """
    count = frames.shape[1]
    with house_style():
        figure = Figure(figsize=(0.8 * count, 1.1), dpi=100)
        title = figure.suptitle("0", x=0.01, ha="left", size=8)
        (row,) = figure.subplots(1, count, squeeze=False)
        for axes in row:
            hide_axes(axes)

        def draw(index: int) -> None:
            title.set_text(f"{index} of {len(frames) - 1}")
            for axes, image in zip(row, frames[index], strict=True):
                show_image(axes, np.clip(displayed(image), 0, 1), cmap="gray", vmin=0, vmax=1)

        return rasterize_frames(figure, draw, len(frames))


def show_image(axes: Axes, image: Array, **settings: Any) -> None:
    """Draws an image, or replaces the one that the axes show by one of the same shape.

    Args:
        axes: Of one image.
        image: (height, width), or (height, width, 3).
        settings: Those of ``imshow``, for the first image.
    """
    if axes.images:
        axes.images[0].set_data(image)
    else:
        axes.imshow(image, **settings)

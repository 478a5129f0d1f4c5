"""The house style of all figures."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from atelier.types import Images

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


def set_title(figure: Figure, title: str) -> None:
    """Writes the title of a whole figure, bold, at its left edge."""
    figure.suptitle(title, x=0.01, ha="left", weight="bold", size=10)

"""Windows of the plane of learning rates, and the sequence of them that zooms in."""

from typing import NamedTuple

import numpy as np

from atelier.trainability.params import Precision, RatePlaneParams
from atelier.types import Array

LEAST_STEPS = 4
"""Floating-point numbers between two neighbouring learning rates, at least."""


class Window(NamedTuple):
    """A rectangle in the plane of the decadic logarithms of two learning rates."""

    center: tuple[float, float]  # (first layer, last layer)
    decades: tuple[float, float]
    resolution: int

    @property
    def limits(self) -> tuple[float, float, float, float]:
        """The least and largest logarithm of the first layer's rate, then of the last layer's."""
        (x, y), (width, height) = self.center, self.decades
        return x - width / 2, x + width / 2, y - height / 2, y + height / 2

    def axes(self) -> tuple[Array, Array]:
        """Returns the learning rates of the first and of the last layer, each (resolution,)."""
        x_low, x_high, y_low, y_high = self.limits
        first = np.logspace(x_low, x_high, self.resolution)
        return first, np.logspace(y_low, y_high, self.resolution)

    def rates(self) -> tuple[Array, Array]:
        """Returns both rates of every member, each (resolution²,).

        Members lie row by row: the rate of the last layer increases from row to row.
        """
        first, last = np.meshgrid(*self.axes())
        return first.ravel(), last.ravel()


def zoom_windows(params: RatePlaneParams) -> list[Window]:
    """Returns the whole window and its zooms, the widest first.

    The target keeps its place in every window.

    Args:
        params: The window, and the target, factor and number of zooms.

    Returns:
        ``zooms`` + 1 windows.

    Raises:
        ValueError: If the target lies outside the window.

    Examples:
        >>> params = RatePlaneParams(center=(0, 0), decades=(4, 2), resolution=8, target=(1, 0.5),
        ...                      factor=0.5, zooms=1, zoom_resolution=4)
        >>> zoom_windows(params)[1]
        Window(center=(0.5, 0.25), decades=(2.0, 1.0), resolution=4)
    """
    whole = Window(params.center, params.decades, params.resolution)
    x_low, x_high, y_low, y_high = whole.limits
    x, y = params.target
    if not (x_low <= x <= x_high and y_low <= y <= y_high):
        raise ValueError(f"Expected a target within {whole.limits}. Received: {params.target}")
    windows = [whole]
    for index in range(1, params.zooms + 1):
        share = params.factor**index
        center = (x + share * (params.center[0] - x), y + share * (params.center[1] - y))
        decades = (share * params.decades[0], share * params.decades[1])
        windows.append(Window(center, decades, params.zoom_resolution))
    return windows


def require_resolved(window: Window, precision: Precision) -> None:
    """Checks that neighbouring learning rates of a window are different numbers.

    Args:
        window: The window.
        precision: Type of the rates.

    Raises:
        ValueError: If fewer than four numbers lie between two neighbouring rates.
    """
    spacing = min(window.decades) * np.log(10) / (window.resolution - 1)
    least = LEAST_STEPS * float(np.finfo(precision).eps)
    if spacing < least:
        raise ValueError(
            f"Expected neighbouring rates that differ by {least:.1e} of their value or more in "
            f"{precision}. Received: a window of {min(window.decades):.1e} decades with "
            f"{window.resolution} rates; choose fewer zooms or float64"
        )

"""Calibrators and optimizers of other packages, which register them as entry points."""

from collections.abc import Callable, Container
from importlib.metadata import entry_points
from typing import Any


def load_plugins(
    group: str, *, accepts: Callable[[Any], bool], expected: str, taken: Container[str] = ()
) -> dict[str, Any]:
    """Returns what installed packages register under a group of entry points, by name.

    A package registers an object in its ``pyproject.toml``, for example::

        [project.entry-points."atelier.calibrators"]
        prior = "my_package.prior:PriorCalibrator"

    Args:
        group: The group's name.
        accepts: Returns whether an object is of the expected kind.
        expected: That kind in words, for the error.
        taken: Names that the project itself uses.

    Returns:
        The objects by name.

    Raises:
        ValueError: If a name is taken, or an object is of another kind. The message names the
            entry point.

    Examples:
        >>> load_plugins("atelier.nothing", accepts=callable, expected="a function")
        {}
    """
    plugins: dict[str, Any] = {}
    for point in entry_points(group=group):
        plugin = point.load()
        if point.name in taken or point.name in plugins:
            raise ValueError(
                f"Expected a new name in the group {group}. Received: {point.name} of "
                f"{point.value}, which is taken; rename the entry point"
            )
        if not accepts(plugin):
            raise ValueError(
                f"Expected {expected} as {point.name} of the group {group}. "
                f"Received: {point.value}, which is {plugin!r}"
            )
        plugins[point.name] = plugin
    return plugins

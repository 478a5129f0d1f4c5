"""Classical methods that find cells, each with its probability of cell where it has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from atelier.cells.params import SplittingParams
from atelier.cells.watershed import cells_from_mask
from atelier.clustering.cells import probability_by_mixture
from atelier.thresholding.cells import cells_by_threshold
from atelier.types import Array


class FoundCells(NamedTuple):
    """The cells of an image."""

    labels: Array
    """Instance labels, (height, width) int32."""
    probability: Array | None
    """Of being cell, (height, width); None where the method has none."""
    match_probability: Array | None = None
    """Of each cell, that it is real, (cells,) in the order of the ids; None where the method has
    none."""


class Method(NamedTuple):
    """A way to find cells, with all that decides its result."""

    find_cells: Callable[[Array], FoundCells]
    identity: str
    """Equal methods have equal identities."""


def method_by_threshold(params: SplittingParams) -> Method:
    """Returns Otsu's threshold and watershed, which gives no probability."""

    def find_cells(image: Array) -> FoundCells:
        return FoundCells(cells_by_threshold(image, params), None)

    return Method(find_cells, f"otsu {params.model_dump_json()}")


def method_by_mixture(params: SplittingParams) -> Method:
    """Returns a mixture of Gaussians over the grey values, and watershed."""

    def find_cells(image: Array) -> FoundCells:
        probability = probability_by_mixture(image)
        return FoundCells(cells_from_mask(probability > 0.5, params), probability)

    return Method(find_cells, f"em {params.model_dump_json()}")

"""Parameters of promotion."""

from typing import Annotated

from pydantic import Field

from atelier.params import Params, Seed

Margin = Annotated[float, Field(ge=0)]


class MarginParams(Params):
    """How far the interval of a gain may reach below 0 for "no worse"."""

    accuracy: Margin
    nll: Margin
    ece: Margin
    latency: Margin
    """As a share of the champion's latency."""


class PromotionParams(Params):
    """How two models are compared."""

    margins: MarginParams
    resamples: Annotated[int, Field(ge=100)]
    turns: Annotated[int, Field(gt=1)]
    """Timed calls of each model, alternately."""
    batch: Annotated[int, Field(gt=0)]
    """Images of a timed call."""
    seed: Seed

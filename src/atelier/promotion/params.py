"""Parameters of promotion."""

from typing import Annotated

from pydantic import Field

from atelier.params import Params, Seed

Margin = Annotated[float, Field(ge=0)]


class MarginParams(Params):
    """By how much the lower limit of the change may fall short of "no worse"."""

    accuracy: Margin
    nll: Margin
    ece: Margin
    latency: Margin
    """As a share of the champion's."""


class PromotionParams(Params):
    """How two models are compared."""

    margins: MarginParams
    resamples: Annotated[int, Field(ge=100)]
    turns: Annotated[int, Field(gt=1)]
    """How often each is timed, alternately."""
    batch: Annotated[int, Field(gt=0)]
    """Images in a timed call."""
    seed: Seed

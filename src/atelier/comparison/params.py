"""Parameters of the comparison of runs."""

from typing import Annotated

from pydantic import Field

from atelier.params import Params, Seed


class ComparisonParams(Params):
    """The bootstrap of the differences."""

    resamples: Annotated[int, Field(ge=100)]
    seed: Seed

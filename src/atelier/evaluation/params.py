"""Parameters of evaluations."""

from typing import Annotated

from pydantic import Field

from atelier.params import Params, Seed

Resamples = Annotated[int, Field(gt=0, description="samples that the bootstrap draws")]


class BootstrapParams(Params):
    """The bootstrap of the measures' intervals."""

    resamples: Resamples
    seed: Seed

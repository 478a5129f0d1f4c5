"""Parameters of the experiments on gradients."""

from typing import Annotated

from pydantic import Field

from atelier.params import Params


class MinimizationParams(Params):
    """One minimisation that is written in three ways."""

    images: Annotated[int, Field(ge=50, description="training images, at most")]
    steps: Annotated[int, Field(gt=0)]
    norm: Annotated[float, Field(gt=0, description="norm to which gradients are clipped")]


class JacobianParams(Params):
    """Sizes of the Jacobians."""

    sizes: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=2)]

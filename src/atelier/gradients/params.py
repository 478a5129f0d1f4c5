"""Parameters of the experiments on gradients."""

from typing import Annotated

from pydantic import Field

from atelier.params import Params


class MinimizationParams(Params):
    """One minimisation, written three ways."""

    images: Annotated[int, Field(ge=50, description="training images, at most")]
    steps: Annotated[int, Field(gt=0)]
    norm: Annotated[float, Field(gt=0, description="what gradients are clipped to")]


class JacobianParams(Params):
    """How large the Jacobians get."""

    sizes: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=2)]

"""Parameters of the experiments on gradients."""

from typing import Annotated

from pydantic import Field

from atelier.params import Params
from atelier.training.params import MachineParams


class MinimizationParams(Params):
    """One minimisation that is written in three ways."""

    images: Annotated[int, Field(ge=50, description="training images, at most")]
    steps: Annotated[int, Field(gt=0)]
    norm: Annotated[float, Field(gt=0, description="norm to which gradients are clipped")]


class JacobianParams(Params):
    """Sizes of the Jacobians."""

    sizes: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=2)]


class ModelCheckParams(MachineParams):
    """The check of a model that was trained elsewhere, at random images."""

    range: Annotated[
        tuple[float, float], Field(description="least and largest value of the model's input")
    ]
    shape: Annotated[
        tuple[int, int, int] | None,
        Field(description="height, width, channels, where the model leaves them free"),
    ]
    images: Annotated[int, Field(gt=0, description="random images at which gradients are taken")]
    directions: Annotated[int, Field(gt=0, description="random directions, of input and weights")]

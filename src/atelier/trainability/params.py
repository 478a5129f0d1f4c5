"""Parameters of the trainability experiment."""

from typing import Annotated, Literal

from pydantic import Field

from atelier.params import Params, Seed

Positive = Annotated[int, Field(gt=0)]
Nonlinearity = Literal["tanh", "relu", "identity"]
Precision = Literal["float32", "float64"]


class TwoLayerParams(Params):
    """The network and its training, the same for every pair of learning rates."""

    width: Positive
    """Number of inputs, and of hidden units."""
    nonlinearity: Nonlinearity
    """Of the hidden layer; ``identity`` is a linear network."""
    examples: Positive | None
    """Training examples; null: as many as weights, for ``identity`` as many as inputs."""
    batch: Positive | None
    """Examples drawn for each step, the same for all members; null: all examples."""
    steps: Positive
    """Steps of gradient descent."""
    precision: Precision
    """Of weights and rates; float64 for windows that float32 cannot resolve."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)]
    """Each draws examples, first weights and batches; zooms use the first seed."""


class RatePlaneParams(Params):
    """The plane of learning rates, and the zoom into it."""

    center: tuple[float, float]
    """Decadic logarithms of the rates of the first and of the last layer."""
    decades: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]
    """Width and height of the window, in decades."""
    resolution: Annotated[int, Field(ge=4)]
    """Learning rates on either axis."""
    target: tuple[float, float]
    """Decadic logarithms of the pair of rates that the zoom approaches."""
    factor: Annotated[float, Field(gt=0, lt=1)]
    """Width of a zoom as a share of the window before it."""
    zooms: Annotated[int, Field(ge=0)]
    """Number of zooms."""
    zoom_resolution: Annotated[int, Field(ge=4)]
    """Learning rates on either axis of a zoom."""


class ComputationParams(Params):
    """How the members are trained; changes no result."""

    chunk: Positive
    """Members that are stored together; a killed run goes on after its last whole chunk."""
    threads: Positive
    """Blocks of members that are trained at once on a CPU."""

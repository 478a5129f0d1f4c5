"""What a segmentation is made of, typed; nothing here needs TensorFlow."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from atelier.cells.params import SplittingParams
from atelier.params import Params, Seed, Threads
from atelier.segmentation.deformation import DeformationParams


class UnetParams(Params):
    """The network: ``valid``, 64 filters and depth 4 are the paper's."""

    filters: Annotated[int, Field(gt=0)]
    depth: Annotated[int, Field(gt=0)]
    padding: Literal["valid", "same"]
    dropout: Annotated[float, Field(ge=0, lt=1)]


class BorderParams(Params):
    """The weight of a pixel (the paper's eq. 2); ``w0`` 0 leaves the border term out."""

    w0: Annotated[float, Field(ge=0)]
    sigma: Annotated[float, Field(gt=0)]
    balance: Annotated[bool, Field(description="whether both classes count the same")]
    gaps: Annotated[bool, Field(description="whether touching cells are taught as apart")]


class SegmenterParams(Params):
    """A network, and everything that decides its weights, given the data."""

    network: UnetParams
    weights: BorderParams
    deformation: DeformationParams
    optimizer: Literal["sgd", "adam"]
    learning_rate: Annotated[float, Field(gt=0, description="at its highest")]
    momentum: Annotated[float, Field(ge=0, lt=1, description="of sgd, or Adam's first")]
    clip: Annotated[float, Field(gt=0, description="largest norm of a step's gradient")]
    warmup: Annotated[float, Field(ge=0, lt=1, description="share of the steps that rise")]
    batch_size: Annotated[int, Field(gt=0)]
    patch: Annotated[int, Field(gt=0, description="side of a training patch's output, pixels")]
    steps: Annotated[int, Field(gt=0)]
    report_every: Annotated[int, Field(gt=0, description="steps between two checkpoints")]
    seed: Seed
    threads: Threads


class CellParams(SplittingParams):
    """From probabilities to cells."""

    threshold: Annotated[float, Field(gt=0, lt=1, description="of a cell's core")]


class PredictionParams(Params):
    """How a trained network is asked."""

    tile: Annotated[int, Field(gt=0, description="side of a tile's output, pixels")]
    turns: Annotated[int, Field(ge=1, le=8, description="symmetries of the square to average")]
    cells: CellParams

    @model_validator(mode="after")
    def _even(self) -> "PredictionParams":
        if self.tile % 2:
            raise ValueError(f"Expected an even tile. Received: tile={self.tile}")
        return self

"""Parameters of U-Net: network, pixel weights, deformation, training and prediction."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from atelier.cells.params import SplittingParams
from atelier.params import Params, Share
from atelier.training.params import MachineParams


class UnetParams(Params):
    """A U-Net; Ronneberger et al. (2015) have 64 filters, depth 4 and ``valid`` convolutions."""

    filters: Annotated[int, Field(gt=0, description="of the first level; each next has twice")]
    depth: Annotated[int, Field(gt=0, description="number of poolings")]
    padding: Literal["valid", "same"]
    dropout: Annotated[float, Field(ge=0, lt=1, description="share of units that are dropped")]


class BorderParams(Params):
    """Weight of a pixel in the loss (Ronneberger et al. 2015, eq. 2) and gaps in the target."""

    w0: Annotated[float, Field(ge=0, description="largest border weight; 0 leaves it out")]
    sigma: Annotated[float, Field(gt=0, description="width of a border, pixels")]
    balance: Annotated[bool, Field(description="whether both classes have equal total weight")]
    gaps: Annotated[bool, Field(description="whether the target separates touching cells")]


class DeformationParams(Params):
    """Largest random changes of a training image; with zeros and False it stays as it is."""

    displacement: Annotated[float, Field(ge=0, description="σ of the elastic grid, pixels")]
    degrees: Annotated[float, Field(ge=0, le=180, description="largest rotation")]
    scale: Annotated[float, Field(ge=0, lt=1, description="largest change of size, as a share")]
    shift: Annotated[float, Field(ge=0, description="largest shift, pixels")]
    flips: bool
    gain: Annotated[float, Field(ge=0, lt=1, description="largest change of contrast, as a share")]
    offset: Annotated[float, Field(ge=0, description="largest change of brightness")]
    gamma: Annotated[float, Field(ge=0, description="largest change of log2 of the exponent")]
    noise: Annotated[float, Field(ge=0, description="largest σ of added noise")]


class SegmenterParams(MachineParams):
    """A U-Net and its training: all that determines the weights, given the data."""

    network: UnetParams
    weights: BorderParams
    deformation: DeformationParams
    optimizer: Literal["sgd", "adam"]
    learning_rate: Annotated[float, Field(gt=0, description="largest, after the warm-up")]
    momentum: Annotated[float, Field(ge=0, lt=1, description="of sgd, or Adam's β1")]
    clip: Annotated[float, Field(gt=0, description="largest norm of a step's gradient")]
    warmup: Annotated[float, Field(ge=0, lt=1, description="share of steps with a rising rate")]
    batch_size: Annotated[int, Field(gt=0)]
    patch: Annotated[int, Field(gt=0, description="side of a training patch's output, pixels")]
    steps: Annotated[int, Field(gt=0)]
    report_every: Annotated[int, Field(gt=0, description="steps between checkpoints")]


class CellParams(SplittingParams):
    """How cells are found in a map of probabilities."""

    threshold: Annotated[float, Field(gt=0, lt=1, description="probability above which is a core")]


class PredictionParams(Params):
    """How a trained network predicts: tiles, symmetries, and from probabilities to cells."""

    tile: Annotated[int, Field(gt=0, description="side of a tile's output, pixels")]
    turns: Annotated[int, Field(ge=1, le=8, description="symmetries of the square averaged")]
    cells: CellParams

    @model_validator(mode="after")
    def _check_tile(self) -> "PredictionParams":
        if self.tile % 2:
            raise ValueError(f"Expected an even tile. Received: tile={self.tile}")
        return self


LARGEST_DRAWS = 1000


class AnnotationParams(Params):
    """Trainings on random subsets of the training images; sizes beyond these are left out."""

    pictures: tuple[Annotated[int, Field(ge=1, description="annotated images of a subset")], ...]
    draws: Annotated[int, Field(ge=1, lt=LARGEST_DRAWS, description="of each size")]
    steps: Annotated[int, Field(gt=0, description="of each training")]


class ApplicationParams(Params):
    """How one's own images are segmented."""

    method: Literal["unet", "otsu", "em"]
    unreadable: Annotated[Share, Field(description="of images that may be unreadable")]

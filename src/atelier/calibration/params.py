"""What the calibration pipeline may be told."""

from typing import Annotated, Literal

from pydantic import Field

from atelier.params import Params, Seed, Threads
from atelier.training.params import TrainingParams

Resamples = Annotated[int, Field(gt=0, description="samples that the bootstrap draws")]
Level = Annotated[float, Field(gt=0)]


class CalibrationParams(Params):
    """How the intervals of the measures are found."""

    resamples: Resamples
    seed: Seed


class DensityParams(Params):
    """The Gaussians on the logits, and how much of ordinary data may be rejected."""

    covariance: Literal["diagonal", "full", "tied"]
    reject: Annotated[float, Field(ge=0, lt=1, description="share of held-out images rejected")]


class ShiftParams(Params):
    """Which changes the test images go through."""

    images: Annotated[int, Field(gt=0, description="test images that are changed, at most")]
    levels: dict[Literal["scale", "blur", "noise", "jpeg", "rotation", "fgsm"], tuple[Level, ...]]
    symbols: Annotated[str, Field(description="characters drawn as strangers")]
    symbols_per_class: Annotated[int, Field(gt=0)]
    resamples: Resamples
    seed: Seed
    threads: Threads


class DenseParams(Params):
    """A plain network: ``depth`` hidden layers of ``width`` units."""

    width: Annotated[int, Field(gt=0)]
    depth: Annotated[int, Field(ge=0)]
    weight_decay: Annotated[float, Field(ge=0)]
    batch_normalisation: bool


class CapacityParams(Params):
    """Which networks the capacity study trains: the reference, and one change of it at a time."""

    reference: DenseParams
    changes: Annotated[
        dict[Literal["width", "depth", "weight_decay", "batch_normalisation"], tuple[float, ...]],
        Field(description="levels of each factor, the others being the reference's"),
    ]
    training: TrainingParams
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]
    overtrained: DenseParams
    overtrained_epochs: Annotated[int, Field(gt=0)]
    overtrained_images: Annotated[int, Field(gt=0, description="training images it sees, at most")]

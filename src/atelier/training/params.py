"""What a training is made of, typed; nothing here needs TensorFlow."""

from typing import Annotated, Literal

from pydantic import Field

from atelier.params import Params, Seed, Share, Threads


class MachineParams(Params):
    """What makes two runs of the same node equal: every node that computes with TensorFlow needs
    it, since thread counts are settled by the first such node of a process.
    """

    seed: Seed
    threads: Threads


class NetworkParams(Params):
    """Which network, and how much of it dropout removes while it learns."""

    architecture: Literal["post", "strong"]
    dropout: Share


class AugmentationParams(Params):
    """The largest random change of a training image; all zero leaves images alone."""

    degrees: Annotated[float, Field(ge=0, le=180)]
    scale: Share
    shear: Annotated[float, Field(ge=0, le=1)]
    pixels: Annotated[float, Field(ge=0)]

    @property
    def active(self) -> bool:
        """Whether any change is asked for."""
        return any((self.degrees, self.scale, self.shear, self.pixels))


class TrainingParams(Params):
    """Everything that decides the weights, given network and data.

    ``threads`` is part of it: the order in which sums are split over threads changes their last
    digit.
    """

    optimizer: Literal["adam", "adamw", "adadelta", "adagrad", "sgd"]
    learning_rate: Annotated[float, Field(gt=0)]
    schedule: Literal["constant", "one_cycle"]
    weight_decay: Annotated[float, Field(ge=0)]
    averaging: Annotated[
        Share, Field(description="momentum of the weights' moving average; 0 is off")
    ]
    batch_size: Annotated[int, Field(gt=0)]
    epochs: Annotated[int, Field(gt=0)]
    patience: Annotated[int, Field(gt=0, description="epochs without a better validation loss")]
    augmentation: AugmentationParams
    seed: Seed
    threads: Threads

"""Parameters of trainings; nothing here needs TensorFlow."""

from typing import Annotated, Literal

from pydantic import Field

from atelier.params import Params, Seed, Share, Threads


class MachineParams(Params):
    """Parameters that make two runs of a node equal; each node that computes with TensorFlow has
    them, alone or as part of others.

    A hook sets the threads before such a node: they hold for the life of a process, and their
    number decides how sums are split and with it the last digit.
    """

    seed: Seed
    threads: Threads


class NetworkParams(Params):
    """Architecture of a classifier, and the share of features that dropout removes in training."""

    architecture: Literal["post", "strong"]
    dropout: Share


class MovedCopiesParams(Params):
    """How test images are classified beside the plain way."""

    shift: Annotated[
        int, Field(ge=0, description="pixels of four moved copies, which are averaged; 0 is off")
    ]


class AugmentationParams(Params):
    """Largest random change of a training image; all zero leaves images as they are."""

    degrees: Annotated[float, Field(ge=0, le=180)]
    scale: Share
    shear: Annotated[float, Field(ge=0, le=1)]
    pixels: Annotated[float, Field(ge=0)]

    @property
    def active(self) -> bool:
        """Whether any change is above zero."""
        return any((self.degrees, self.scale, self.shear, self.pixels))


class TrainingParams(MachineParams):
    """All parameters that decide the weights, given network and data."""

    optimizer: Literal["adam", "adamw", "adadelta", "adagrad", "sgd"]
    learning_rate: Annotated[float, Field(gt=0)]
    schedule: Literal["constant", "one_cycle"]
    weight_decay: Annotated[float, Field(ge=0)]
    averaging: Annotated[
        Share,
        Field(
            description="momentum of the weights' moving average, over a tenth of the training at "
            "most; 0 is off"
        ),
    ]
    batch_size: Annotated[int, Field(gt=0)]
    epochs: Annotated[int, Field(gt=0)]
    patience: Annotated[int, Field(gt=0, description="epochs without a better validation loss")]
    augmentation: AugmentationParams

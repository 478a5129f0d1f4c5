"""What a training is made of, typed; nothing here needs TensorFlow."""

from typing import Annotated, Literal

from pydantic import Field

from atelier.params import Params

Share = Annotated[float, Field(ge=0, lt=1)]


class MachineParams(Params):
    """What makes two runs of the same node equal: every node that computes with TensorFlow needs
    it, since thread counts are settled by the first such node of a process.
    """

    seed: Annotated[int, Field(ge=0, lt=2**31)]
    threads: Annotated[int, Field(ge=0, description="0 lets TensorFlow choose")]


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
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    threads: Annotated[int, Field(ge=0, description="0 lets TensorFlow choose")]


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


class MaxoutParams(Params):
    """The comparison of maxout with rectified units: the same body, the same parameters."""

    units: Annotated[int, Field(gt=0)]
    pieces: Annotated[int, Field(gt=1)]
    drop: Annotated[Share, Field(description="of hidden units, in the arms with dropout")]
    training: TrainingParams
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]


class DescentParams(Params):
    """Gradient descent with momentum as the maxout paper does it (its released configuration)."""

    learning_rate: Annotated[float, Field(gt=0)]
    decay: Annotated[float, Field(gt=0, le=1, description="of the rate, each step")]
    momentum: tuple[Share, Share]
    saturation: Annotated[int, Field(gt=0, description="epochs until the second momentum")]
    batch_size: Annotated[int, Field(gt=0)]
    epochs: Annotated[int, Field(gt=0, description="on part of the images, to find the best")]
    more_epochs: Annotated[int, Field(ge=0, description="on all of them, at most")]
    held_out: Annotated[float, Field(gt=0, lt=1, description="share that finds the best epoch")]
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    threads: Annotated[int, Field(ge=0)]


class PermutationInvariantParams(Params):
    """The paper's network that knows nothing of neighbouring pixels, and how it is trained."""

    units: Annotated[int, Field(gt=0)]
    pieces: Annotated[int, Field(gt=0)]
    spread: Annotated[float, Field(gt=0, description="of the first weights, uniform about 0")]
    max_norm: Annotated[float, Field(gt=0)]
    input_drop: Share
    hidden_drop: Share
    descent: DescentParams


class ConvolutionalParams(Params):
    """The paper's convolutional network, and how it is trained."""

    filters: Annotated[tuple[int, ...], Field(min_length=1)]
    pieces: Annotated[int, Field(gt=1)]
    max_norm: Annotated[float, Field(gt=0)]
    input_drop: Share
    hidden_drop: Share
    training: TrainingParams


class FunctionParams(Params):
    """How one maxout unit learns a function of one number."""

    pieces: Annotated[int, Field(gt=1)]
    steps: Annotated[int, Field(gt=0)]
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    threads: Annotated[int, Field(ge=0)]


class ThreeWaysParams(Params):
    """One minimisation, written three ways."""

    images: Annotated[int, Field(ge=50, description="training images, at most")]
    steps: Annotated[int, Field(gt=0)]
    norm: Annotated[float, Field(gt=0, description="what gradients are clipped to")]


class ModeParams(Params):
    """How large the Jacobians get."""

    sizes: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=2)]


class GapParams(Params):
    """Networks trained on more and more images, with and without dropout."""

    sizes: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=2)]
    width: Annotated[int, Field(gt=0, description="units of each of two hidden layers")]
    drop: Annotated[float, Field(gt=0, lt=1)]
    steps: Annotated[int, Field(gt=0)]
    batch_size: Annotated[int, Field(gt=0)]
    learning_rate: Annotated[float, Field(gt=0)]
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]
    samples: Annotated[int, Field(gt=1, description="masks of Monte-Carlo dropout")]


class CensusParams(Params):
    """Which weights a batch moves."""

    units: Annotated[int, Field(gt=0)]
    drop: Annotated[float, Field(gt=0, lt=1)]
    batches: Annotated[int, Field(gt=1)]
    batch_size: Annotated[int, Field(gt=0)]
    rates: Annotated[dict[str, float], Field(description="learning rate of each optimizer")]


class ThinnedParams(Params):
    """A network small enough for all of its 2ⁿ thinned versions."""

    units: Annotated[int, Field(gt=0, le=14)]
    drop: Annotated[float, Field(gt=0, lt=1)]
    steps: Annotated[int, Field(gt=0)]


class DriftParams(MachineParams):
    """When a batch counts as drifted, and on which changes that is tried."""

    covariance: Literal["diagonal", "full", "tied"]
    reject: Annotated[float, Field(gt=0, lt=1, description="share of calibration called rare")]
    alpha: Annotated[float, Field(gt=0, lt=1, description="false alarms that are accepted")]
    size: Annotated[int, Field(gt=0, description="images of a batch that is tried")]
    draws: Annotated[int, Field(gt=0, description="batches of each change")]
    honest_draws: Annotated[int, Field(gt=0, description="batches without any change")]
    letters: tuple[Share, ...]
    levels: dict[Literal["rotation", "noise", "blur", "scale"], tuple[float, ...]]

"""Parameters of the experiments on maxout."""

from typing import Annotated

from pydantic import Field

from atelier.params import Params, Share
from atelier.training.params import MachineParams, TrainingParams


class MaxoutParams(Params):
    """The comparison of maxout with rectified units, in networks of equally many parameters."""

    units: Annotated[int, Field(gt=0)]
    pieces: Annotated[int, Field(gt=1)]
    drop: Annotated[Share, Field(description="of hidden units, in the arms with dropout")]
    training: TrainingParams
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]


class MomentumParams(MachineParams):
    """Gradient descent with momentum, by the released configuration of the maxout paper."""

    learning_rate: Annotated[float, Field(gt=0)]
    decay: Annotated[float, Field(gt=0, le=1, description="of the rate, each step")]
    momentum: tuple[Share, Share]
    saturation: Annotated[int, Field(gt=0, description="epochs until the second momentum")]
    batch_size: Annotated[int, Field(gt=0)]
    epochs: Annotated[int, Field(gt=0, description="of the first phase, on part of the images")]
    more_epochs: Annotated[int, Field(ge=0, description="of the second phase, at most")]
    held_out: Annotated[float, Field(gt=0, lt=1, description="share that selects the best epoch")]


class PermutationInvariantParams(Params):
    """The paper's network without a notion of neighbouring pixels, and its training."""

    units: Annotated[int, Field(gt=0)]
    pieces: Annotated[int, Field(gt=0)]
    spread: Annotated[float, Field(gt=0, description="of the first weights, uniform about 0")]
    max_norm: Annotated[float, Field(gt=0)]
    input_drop: Share
    hidden_drop: Share
    descent: MomentumParams


class ConvolutionalParams(Params):
    """The paper's convolutional network, and its training."""

    filters: Annotated[tuple[int, ...], Field(min_length=1)]
    pieces: Annotated[int, Field(gt=1)]
    max_norm: Annotated[float, Field(gt=0)]
    input_drop: Share
    hidden_drop: Share
    training: TrainingParams


class FunctionParams(MachineParams):
    """How one maxout unit is fitted to a function of one variable."""

    pieces: Annotated[int, Field(gt=1)]
    steps: Annotated[int, Field(gt=0)]

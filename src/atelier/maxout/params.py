"""Parameters of the experiments on maxout."""

from typing import Annotated

from pydantic import Field

from atelier.params import Params, Seed, Share, Threads
from atelier.training.params import TrainingParams


class MaxoutParams(Params):
    """The comparison of maxout with rectified units: the same body, the same parameters."""

    units: Annotated[int, Field(gt=0)]
    pieces: Annotated[int, Field(gt=1)]
    drop: Annotated[Share, Field(description="of hidden units, in the arms with dropout")]
    training: TrainingParams
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]


class MomentumParams(Params):
    """Gradient descent with momentum as the maxout paper does it (its released configuration)."""

    learning_rate: Annotated[float, Field(gt=0)]
    decay: Annotated[float, Field(gt=0, le=1, description="of the rate, each step")]
    momentum: tuple[Share, Share]
    saturation: Annotated[int, Field(gt=0, description="epochs until the second momentum")]
    batch_size: Annotated[int, Field(gt=0)]
    epochs: Annotated[int, Field(gt=0, description="on part of the images, to find the best")]
    more_epochs: Annotated[int, Field(ge=0, description="on all of them, at most")]
    held_out: Annotated[float, Field(gt=0, lt=1, description="share that finds the best epoch")]
    seed: Seed
    threads: Threads


class PermutationInvariantParams(Params):
    """The paper's network that knows nothing of neighbouring pixels, and how it is trained."""

    units: Annotated[int, Field(gt=0)]
    pieces: Annotated[int, Field(gt=0)]
    spread: Annotated[float, Field(gt=0, description="of the first weights, uniform about 0")]
    max_norm: Annotated[float, Field(gt=0)]
    input_drop: Share
    hidden_drop: Share
    descent: MomentumParams


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
    seed: Seed
    threads: Threads

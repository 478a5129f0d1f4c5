"""Parameters of the experiments on dropout."""

from typing import Annotated

from pydantic import Field

from atelier.params import Params

Drop = Annotated[float, Field(gt=0, lt=1, description="probability that a unit is dropped")]


class GapParams(Params):
    """Networks trained on more and more images, with and without dropout."""

    sizes: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=2)]
    width: Annotated[int, Field(gt=0, description="units of each of two hidden layers")]
    drop: Drop
    steps: Annotated[int, Field(gt=0)]
    batch_size: Annotated[int, Field(gt=0)]
    learning_rate: Annotated[float, Field(gt=0)]
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]
    samples: Annotated[int, Field(gt=1, description="masks of Monte Carlo dropout")]


class WeightUpdateParams(Params):
    """The small network whose weight updates are recorded."""

    units: Annotated[int, Field(gt=0)]
    drop: Drop
    batches: Annotated[int, Field(gt=1)]
    batch_size: Annotated[int, Field(gt=0)]
    rates: Annotated[dict[str, float], Field(description="learning rate of each optimizer")]


class ThinnedParams(Params):
    """A network small enough to average all of its 2ⁿ thinned networks."""

    units: Annotated[int, Field(gt=0, le=14)]
    drop: Drop
    steps: Annotated[int, Field(gt=0)]

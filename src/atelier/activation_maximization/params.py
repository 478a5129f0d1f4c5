"""What an activation maximization is made of, typed; nothing here needs TensorFlow."""

from typing import Annotated, Literal

from pydantic import Field

from atelier.params import Params
from atelier.training.params import MachineParams

Start = Literal["ones", "half", "zeros", "random"]
NotNegative = Annotated[float, Field(ge=0)]


class InputDescentParams(MachineParams):
    """The post's plain steps, and what is asked about their results."""

    starts: Annotated[tuple[Start, ...], Field(min_length=1)]
    random_starts: Annotated[int, Field(ge=2, description="draws of the random start")]
    steps: Annotated[int, Field(gt=0)]
    learning_rate: Annotated[float, Field(gt=0)]
    border: Annotated[int, Field(gt=0, description="outer rows and columns that are set to 0")]


class AscentParams(Params):
    """How far a picture climbs, and what holds it back."""

    steps: Annotated[int, Field(gt=0)]
    rate: Annotated[float, Field(gt=0, description="first step, falling to 0, root mean square")]
    l2: Annotated[NotNegative, Field(description="decay of every pixel")]
    variation: Annotated[NotNegative, Field(description="pull towards the neighbours' mean")]
    jitter: Annotated[int, Field(ge=0, description="largest shift before each step, pixels")]
    blur: Annotated[NotNegative, Field(description="σ of the blur, pixels")]
    blur_every: Annotated[int, Field(gt=0, description="steps between two blurs")]
    clip: Annotated[bool, Field(description="whether pixels stay in [0, 1]")]


class AscentPresetsParams(MachineParams):
    """Named ways up, all from the same start; the last is shown as the best."""

    presets: Annotated[dict[str, AscentParams], Field(min_length=1)]
    start: Start
    layers: Annotated[int, Field(gt=0, description="units shown of each convolution")]
    pictures: Annotated[int, Field(gt=1, description="of the animation")]


class SecondNetworkParams(MachineParams):
    """The second network: the same recipe, other first weights and another order."""

    epochs: Annotated[int, Field(gt=0)]
    covariance: Literal["diagonal", "full", "tied"]

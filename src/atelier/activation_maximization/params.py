"""Parameters of activation maximization."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from atelier.params import Params
from atelier.training.params import MachineParams

Start = Literal["ones", "half", "zeros", "random"]
NotNegative = Annotated[float, Field(ge=0)]


class InputDescentParams(MachineParams):
    """Gradient descent of the input on the cross-entropy of a class, from several starts."""

    starts: Annotated[tuple[Start, ...], Field(min_length=1)]
    random_starts: Annotated[int, Field(ge=2, description="draws of the random start")]
    steps: Annotated[int, Field(gt=0)]
    learning_rate: Annotated[float, Field(gt=0)]
    border: Annotated[int, Field(gt=0, description="outer rows and columns that are set to 0")]


class AscentParams(Params):
    """Regularised gradient ascent of the input on the activation of a unit."""

    steps: Annotated[int, Field(gt=0)]
    rate: Annotated[
        float,
        Field(gt=0, description="root mean square of the first step; later steps fall to 0"),
    ]
    l2: Annotated[NotNegative, Field(description="weight decay of every pixel")]
    variation: Annotated[NotNegative, Field(description="weight of the total variation (β = 2)")]
    jitter: Annotated[int, Field(ge=0, description="largest shift before each step, pixels")]
    blur: Annotated[NotNegative, Field(description="σ of the Gaussian blur, pixels; 0 is none")]
    blur_every: Annotated[int, Field(gt=0, description="steps between two blurs")]
    clip: Annotated[bool, Field(description="whether pixels are clipped to [0, 1]")]
    parametrization: Annotated[
        Literal["pixels", "fourier", "phases"],
        Field(description="what is ascended; phases: MACO, with the data's mean magnitudes"),
    ]
    diversity: Annotated[
        NotNegative, Field(description="weight of the images' cosine similarity to each other")
    ]

    @model_validator(mode="after")
    def _check(self) -> "AscentParams":
        of_pixels = (self.l2, self.variation, self.blur, self.clip)
        if self.parametrization != "pixels" and any(of_pixels):
            raise ValueError(
                "Expected l2, variation, blur and clip, which are for pixels, to be 0 with "
                f"parametrization={self.parametrization}. Received: {of_pixels}"
            )
        return self


class AscentPresetsParams(MachineParams):
    """Named ascents from one start; the last also makes the animation and the layers' images."""

    presets: Annotated[dict[str, AscentParams], Field(min_length=1)]
    start: Start
    layers: Annotated[int, Field(gt=0, description="units that are drawn of each convolution")]
    pictures: Annotated[int, Field(gt=1, description="frames of the animation")]


class SecondNetworkParams(MachineParams):
    """A second classifier: the first one's recipe with other initial weights and another order."""

    epochs: Annotated[int, Field(gt=0)]
    covariance: Literal["diagonal", "full", "tied"]


class ModelInputParams(Params):
    """The input and the classes of a model that was trained elsewhere.

    Images in [0, 1] are scaled to ``range``, their channels reordered, ``mean`` subtracted, and the
    difference divided by ``deviation``, before they enter the model.
    """

    range: Annotated[
        tuple[float, float],
        Field(description="least and largest pixel before mean and deviation: [0, 1], [0, 255] …"),
    ]
    channels: Annotated[Literal["rgb", "bgr"], Field(description="order of the model's channels")]
    mean: Annotated[
        tuple[float, ...], Field(description="subtracted from each channel; [] is none")
    ]
    deviation: Annotated[
        tuple[Annotated[float, Field(gt=0)], ...],
        Field(description="by which each channel is divided; [] is none"),
    ]
    shape: Annotated[
        tuple[int, int, int] | None,
        Field(description="height, width, channels, where the model leaves them free"),
    ]
    classes: Annotated[
        tuple[str, ...] | None, Field(description="names of the outputs; null numbers them")
    ]
    units: Annotated[int, Field(gt=0, description="classes that are drawn, the first ones")]
    layers: Annotated[
        tuple[str, ...] | None, Field(description="paths of layers; null takes convolutions")
    ]
    depths: Annotated[int, Field(gt=0, description="convolutions that are drawn, at most")]

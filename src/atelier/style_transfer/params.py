"""What a style transfer is made of, typed; nothing here needs TensorFlow."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from atelier.data.vgg_weights import WIDTHS
from atelier.params import Params, Seed, Threads

Weight = Annotated[float, Field(ge=0)]


class ScaleParams(Params):
    """One size on the way from coarse to fine."""

    side: Annotated[int, Field(ge=32, description="of the longer side, pixels")]
    iterations: Annotated[int, Field(gt=0)]


class TransferParams(Params):
    """Everything that decides a painting, given the pictures and the network's weights.

    The defaults of the paper are conv4_2, conv1_1 … conv5_1, average pooling, a normalised network
    and L-BFGS.
    """

    content_layer: str
    style_layers: Annotated[tuple[str, ...], Field(min_length=1)]
    content_weight: Annotated[Weight, Field(description="α")]
    style_weight: Annotated[Weight, Field(description="β")]
    variation_weight: Weight
    pooling: Literal["average", "max"]
    normalised: Annotated[bool, Field(description="mean activation of each filter made 1")]
    start: Literal["content", "noise", "style"]
    colours: Annotated[
        Literal["style", "matched", "luminance"],
        Field(description="the style's, or the content's in one of two ways"),
    ]
    optimizer: Literal["lbfgs", "adam"]
    learning_rate: Annotated[float, Field(gt=0, description="Adam's, in grey levels")]
    scales: Annotated[tuple[ScaleParams, ...], Field(min_length=1, description="coarse first")]
    every: Annotated[int, Field(gt=0, description="iterations between two pictures that are kept")]
    seed: Seed
    threads: Threads

    @model_validator(mode="after")
    def _known(self) -> "TransferParams":
        unknown = {self.content_layer, *self.style_layers} - set(WIDTHS)
        if unknown:
            raise ValueError(
                f"Expected layers out of {', '.join(WIDTHS)}. Received: {sorted(unknown)}"
            )
        if not self.content_weight + self.style_weight:
            raise ValueError("Expected a weight above 0. Received: content and style both 0")
        return self


class PaintingParams(Params):
    """One painting: a name, and how much of which style is in it."""

    name: str
    styles: Annotated[dict[str, Annotated[float, Field(gt=0)]], Field(min_length=1)]


class StyleParams(Params):
    """The paintings of one run."""

    transfer: TransferParams
    paintings: Annotated[tuple[PaintingParams, ...], Field(min_length=1)]


class GridParams(Params):
    """The contact sheet: style weights by starts, of the first painting."""

    style_weights: Annotated[tuple[Weight, ...], Field(min_length=1)]
    starts: Annotated[tuple[Literal["content", "noise", "style"], ...], Field(min_length=1)]
    scale: ScaleParams

    def cells(self) -> list[tuple[str, float]]:
        """Start and style weight of each picture, row by row."""
        return [(start, weight) for start in self.starts for weight in self.style_weights]

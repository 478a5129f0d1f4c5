"""Parameters of style transfer."""

from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from atelier.data.vgg_weights import WIDTHS
from atelier.params import Params
from atelier.training.params import MachineParams

Weight = Annotated[float, Field(ge=0)]
Start = Literal["content", "noise", "style"]
Pooling = Literal["average", "max"]
Padding = Literal["zeros", "replicate"]


class ScaleParams(Params):
    """One image size of a transfer from coarse to fine."""

    side: Annotated[int, Field(ge=32, description="longer side, pixels")]
    iterations: Annotated[int, Field(gt=0)]


class TransferParams(MachineParams):
    """A style transfer, apart from the pictures and the network's weights.

    The paper (Gatys, Ecker & Bethge 2016) has conv4_2, conv1_1 … conv5_1, average pooling, a
    normalised network and L-BFGS.
    """

    content_layer: str
    style_layers: Annotated[tuple[str, ...], Field(min_length=1)]
    content_weight: Annotated[Weight, Field(description="α, of the content loss")]
    style_weight: Annotated[Weight, Field(description="β, of the style loss")]
    variation_weight: Annotated[Weight, Field(description="of the total variation")]
    pooling: Pooling
    padding: Annotated[
        Padding,
        Field(description="of each convolution; replicate: copies of the outermost pixels"),
    ]
    normalised: Annotated[bool, Field(description="whether each filter's mean activation is 1")]
    tile: Annotated[
        Annotated[int, Field(ge=0)] | Literal["auto"],
        Field(
            description="longest side of the tiles in which losses and gradient are computed, "
            "pixels; 0: the whole image; auto: the whole image unless it is large"
        ),
    ]
    start: Start
    colours: Annotated[
        Literal["style", "matched", "luminance"],
        Field(description="the style's; matched: to the content's; luminance: the content's own"),
    ]
    optimizer: Literal["lbfgs", "adam"]
    learning_rate: Annotated[float, Field(gt=0, description="of Adam, in grey levels")]
    scales: Annotated[tuple[ScaleParams, ...], Field(min_length=1, description="coarse first")]
    every: Annotated[int, Field(gt=0, description="iterations between two frames")]

    @model_validator(mode="after")
    def _check(self) -> "TransferParams":
        unknown = {self.content_layer, *self.style_layers} - set(WIDTHS)
        if unknown:
            raise ValueError(
                f"Expected layers out of {', '.join(WIDTHS)}. Received: {sorted(unknown)}"
            )
        if not self.content_weight + self.style_weight:
            raise ValueError("Expected a weight above 0. Received: content and style both 0")
        return self


class PaintingParams(Params):
    """One transfer: its name, and the weights of its styles."""

    name: str
    styles: Annotated[dict[str, Annotated[float, Field(gt=0)]], Field(min_length=1)]


class StyleParams(Params):
    """The transfers of one run."""

    transfer: TransferParams
    paintings: Annotated[tuple[PaintingParams, ...], Field(min_length=1)]


class GridCell(NamedTuple):
    """One image of the grid."""

    name: str
    start: Start
    style_weight: float


class GridParams(Params):
    """Small transfers with every start and every style weight."""

    style_weights: Annotated[tuple[Weight, ...], Field(min_length=1)]
    starts: Annotated[tuple[Start, ...], Field(min_length=1)]
    scale: ScaleParams

    def cells(self) -> list[GridCell]:
        """Returns the images of the grid, row by row; a row has one start."""
        return [
            GridCell(f"{start}.{weight:g}", start, weight)
            for start in self.starts
            for weight in self.style_weights
        ]

    def transfer_params(self, transfer: TransferParams, cell: GridCell) -> TransferParams:
        """Returns the parameters of one image of the grid.

        Args:
            transfer: Parameters that all images share.
            cell: Start and style weight.
        """
        return transfer.model_copy(
            update={
                "start": cell.start,
                "style_weight": cell.style_weight,
                "scales": (self.scale,),
                "every": self.scale.iterations,
            }
        )

"""Parameters of thresholding."""

from typing import Annotated

from pydantic import Field, model_validator

from atelier.params import Params, Seed


class ThresholdingParams(Params):
    """Numbers of classes of an image, and the block bootstrap of its two-class threshold."""

    classes: Annotated[tuple[Annotated[int, Field(ge=2, le=6)], ...], Field(min_length=1)]
    block: Annotated[int, Field(ge=1, description="side of the resampled blocks, pixels")]
    resamples: Annotated[int, Field(ge=20)]
    seed: Seed

    @model_validator(mode="after")
    def _includes_two_classes(self) -> "ThresholdingParams":
        if 2 not in self.classes:
            raise ValueError(f"Expected two classes among them. Received: classes={self.classes}")
        return self

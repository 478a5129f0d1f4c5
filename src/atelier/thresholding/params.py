"""Parameters of thresholding."""

from typing import Annotated

from pydantic import Field, model_validator

from atelier.params import Params


class ThresholdingParams(Params):
    """How Otsu's method is shown on one picture."""

    classes: Annotated[tuple[Annotated[int, Field(ge=2, le=6)], ...], Field(min_length=1)]
    block: Annotated[int, Field(ge=1, description="side of the squares that are resampled, pixels")]
    resamples: Annotated[int, Field(ge=20)]
    seed: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _two(self) -> "ThresholdingParams":
        if 2 not in self.classes:
            raise ValueError(f"Expected two classes among them. Received: classes={self.classes}")
        return self

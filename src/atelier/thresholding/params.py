"""Parameters of thresholding."""

from typing import Annotated, Literal

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


class PriorPathParams(Params):
    """The path of generalized histogram thresholding from minimum error to Otsu's threshold."""

    tau: Annotated[float, Field(gt=0, description="expected deviation, share of the grey range")]
    decades: Annotated[tuple[float, float], Field(description="of nu / pixels, first and last")]
    steps: Annotated[int, Field(ge=2)]

    @model_validator(mode="after")
    def _rises(self) -> "PriorPathParams":
        if not self.decades[0] < self.decades[1]:
            raise ValueError(f"Expected rising decades. Received: decades={self.decades}")
        return self


class PriorParams(Params):
    """Priors of generalized histogram thresholding (Barron 2020)."""

    nu: Annotated[float, Field(ge=0, description="strength of the variances' prior, pixels")]
    tau: Annotated[float, Field(ge=0, description="expected standard deviation, grey values")]
    kappa: Annotated[float, Field(ge=0, description="strength of the share's prior, pixels")]
    omega: Annotated[float, Field(ge=0, le=1, description="expected share of the darker class")]


class LocalParams(Params):
    """A threshold for each pixel from its neighbourhood."""

    method: Literal["mean", "gaussian", "sauvola"]
    window: Annotated[int, Field(ge=3, description="side of the neighbourhood, pixels, odd")]
    offset: Annotated[float, Field(description="subtracted from the mean; mean and gaussian")]
    k: Annotated[float, Field(description="weight of the standard deviation; sauvola")]

    @model_validator(mode="after")
    def _is_odd(self) -> "LocalParams":
        if self.window % 2 == 0:
            raise ValueError(f"Expected an odd window. Received: window={self.window}")
        return self


class HysteresisParams(Params):
    """Both thresholds; without them Otsu's for three classes."""

    low: float | None
    high: float | None

    @model_validator(mode="after")
    def _has_both_or_none(self) -> "HysteresisParams":
        if (self.low is None) != (self.high is None) or (
            self.low is not None and self.high is not None and self.low > self.high
        ):
            raise ValueError(
                f"Expected low <= high, or neither. Received: low={self.low}, high={self.high}"
            )
        return self


class BinarizationParams(Params):
    """How the foreground of a picture, or of a stack of pictures, is found."""

    method: Literal["otsu", "ght", "hysteresis", "local"]
    ght: PriorParams
    hysteresis: HysteresisParams
    local: LocalParams

"""Parameters of data: the source and the shares of the splits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from atelier.data.shares import exact_fraction
from atelier.params import Params, Seed

SPLITS = ("train", "validation", "calibration", "test")
PositiveShare = Annotated[float, Field(gt=0, lt=1, description="of a whole, above 0, below 1")]


class SourceParams(Params):
    """A data set and its source: embedded, a mirror folder, or a download.

    ``parts`` names the published parts to read: if a single part is read, all splits, the test
    split too, are drawn from it.
    """

    dataset: Literal["mnist", "emnist", "fashion-mnist"]
    split: Literal["balanced", "bymerge", "byclass", "letters", "digits", "mnist"] | None
    parts: Literal["both", "train", "test"]
    source: Literal["embedded", "mirror", "download"]
    mirror: str | None
    glyphs_per_class: Annotated[int, Field(gt=0)]
    limit: Annotated[int, Field(gt=0, description="images of each part")] | None
    seed: Seed

    @model_validator(mode="after")
    def _check_combination(self) -> SourceParams:
        if (self.dataset == "emnist") != (self.split is not None):
            raise ValueError(
                f"Expected a split with emnist, and none with other data sets. "
                f"Received: dataset={self.dataset}, split={self.split}"
            )
        if self.source == "mirror" and not self.mirror:
            raise ValueError(
                "Expected a folder with source=mirror, such as --params mirror=path/to/folder. "
                f"Received: mirror={self.mirror}"
            )
        if self.source == "embedded" and self.dataset == "fashion-mnist":
            raise ValueError("Expected mirror or download for fashion-mnist. Received: embedded")
        return self


class SplitParams(Params):
    """The share of each split, in each class; the rest is the training split.

    ``test`` counts only if the data set has no published test part.
    """

    validation: PositiveShare
    calibration: PositiveShare
    test: PositiveShare
    seed: Seed

    @model_validator(mode="after")
    def _leave_a_training_split(self) -> SplitParams:
        total = sum(
            exact_fraction(share) for share in (self.validation, self.calibration, self.test)
        )
        if total >= 1:
            raise ValueError(
                f"Expected shares that leave some for training. Received: {float(total):.3f}"
            )
        return self

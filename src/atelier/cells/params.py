"""Parameters of images of cells: sources, splits, and how cells are cut out of a mask."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from atelier.params import Params


class CellSourceParams(Params):
    """Which cells: embedded ones are drawn, whatever the ``dataset``.

    A mirror is a folder of ``images`` and ``labels`` of the same names, or of the published
    layout: BBBC038's folder of masks per picture, ISBI's ``image`` and ``label`` or its volumes.
    A picture in ``labels`` that is a mask, with one value for all cells, has its connected parts as
    cells; how many were masks is logged and stands in the provenance.
    """

    dataset: Literal["dsb2018", "isbi2012"]
    source: Literal["embedded", "mirror", "download"]
    mirror: str | None
    count: Annotated[int, Field(ge=3, description="drawn pictures")]
    side: Annotated[int, Field(ge=16, description="of a drawn picture, pixels")]
    limit: Annotated[int, Field(ge=3)] | None
    seed: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _whole(self) -> CellSourceParams:
        if self.source == "mirror" and not self.mirror:
            raise ValueError(
                "Expected a folder with source=mirror, such as --params mirror=path/to/folder. "
                f"Received: mirror={self.mirror}"
            )
        if (self.dataset, self.source) == ("isbi2012", "download"):
            raise ValueError(
                "Expected isbi2012 from a mirror: it is given to those who register at its "
                "challenge's page. Received: source=download"
            )
        return self


class CellSplitParams(Params):
    """Whole pictures for validation and test; training gets the rest.

    ``fold`` rotates which pictures of the seeded order are the test: folds do not overlap, so
    that all of them together are a cross-validation.
    """

    validation: Annotated[int, Field(ge=1)]
    test: Annotated[int, Field(ge=1)]
    fold: Annotated[int, Field(ge=0)]
    seed: Annotated[int, Field(ge=0)]


class SplittingParams(Params):
    """From a mask to cells."""

    smoothing: Annotated[float, Field(ge=0, description="σ over the distance map, pixels")]
    depth: Annotated[float, Field(gt=0, description="of a summit above its saddle, pixels")]
    least: Annotated[int, Field(ge=0, description="pixels of the smallest cell")]

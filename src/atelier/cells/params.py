"""Parameters of images of cells: sources, splits, and how a mask is split into cells."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from atelier.params import Params


class CellSourceParams(Params):
    """Source of the images of cells; with ``embedded`` they are drawn, whatever the ``dataset``.

    A ``path`` comes before ``source``: one's own images with their truth, in a folder, a zip or
    COCO's JSON, in any layout of :mod:`atelier.cells.layouts`.

    A mirror is a folder of ``images`` and ``labels`` of the same names, or of the published
    layout: BBBC038's folder of masks for each image, ISBI's ``image`` and ``label`` or its volumes.
    Where a file in ``labels`` is a mask, with one value for all cells, its connected parts are the
    cells; the number of such masks is logged and stands in the provenance.
    """

    path: Annotated[str | None, Field(description="of one's own images of cells")] = None
    dataset: Literal["dsb2018", "isbi2012"]
    source: Literal["embedded", "mirror", "download"]
    mirror: str | None
    count: Annotated[int, Field(ge=3, description="drawn images")]
    side: Annotated[int, Field(ge=16, description="of a drawn image, pixels")]
    limit: Annotated[int, Field(ge=3)] | None
    seed: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _check_source(self) -> CellSourceParams:
        if self.source == "mirror" and not self.mirror:
            raise ValueError(
                "Expected a folder with source=mirror, such as --params mirror=path/to/folder. "
                f"Received: mirror={self.mirror}"
            )
        if (self.dataset, self.source) == ("isbi2012", "download"):
            raise ValueError(
                "Expected isbi2012 from a mirror: its page gives it to registered users only. "
                " Received: source=download"
            )
        return self


class CellSplitParams(Params):
    """Numbers of whole images for validation and test; all further images are for training.

    ``fold`` rotates which images of the seeded order are the test set: folds do not overlap, so
    that all of them together are a cross-validation.
    """

    validation: Annotated[int, Field(ge=1)]
    test: Annotated[int, Field(ge=1)]
    fold: Annotated[int, Field(ge=0)]
    seed: Annotated[int, Field(ge=0)]


class SplittingParams(Params):
    """How a mask is split into cells: a watershed of the distance to background."""

    smoothing: Annotated[float, Field(ge=0, description="σ over the distance map, pixels")]
    depth: Annotated[float, Field(gt=0, description="of a peak above its saddle, pixels")]
    least: Annotated[int, Field(ge=0, description="pixels of the smallest cell")]

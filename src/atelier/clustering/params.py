"""Parameters of clustering."""

from typing import Annotated, Literal

from pydantic import Field

from atelier.params import Params, Seed

CovarianceType = Literal["full", "tied", "diagonal", "spherical"]
"""Form of the covariances: a matrix for each component, a common matrix, axis-parallel, round."""


class PlaneParams(Params):
    """Gaussian clusters in the plane, and the experiments with EM on them."""

    points: Annotated[int, Field(ge=20)]
    components: Annotated[int, Field(ge=2, le=10)]
    distance: Annotated[float, Field(gt=0, description="of means, in standard deviations")]
    shown: Annotated[tuple[int, ...], Field(min_length=2, description="iterations in the figure")]
    starts: Annotated[int, Field(ge=2, description="of each initialisation")]
    seed: Seed


class ColourParams(Params):
    """Clustering of an image's pixels by colour and, if wanted, by position."""

    shrink: Annotated[int, Field(ge=1, description="step between the pixels used on each axis")]
    position: Annotated[float, Field(ge=0, description="grey levels equal to a whole side; 0: off")]
    components: Annotated[tuple[int, ...], Field(min_length=1)]
    covariance: CovarianceType
    concentration: Annotated[
        float | None, Field(gt=0, description="of a Dirichlet process; null: BIC decides")
    ]
    restarts: Annotated[int, Field(ge=1)]
    tol: Annotated[float, Field(gt=0)]
    seed: Seed

"""Parameters of clustering."""

from typing import Annotated

from pydantic import Field

from atelier.clustering.em import CovarianceType
from atelier.params import Params


class PlaneParams(Params):
    """Planted Gaussians in the plane, and how EM is shown on them."""

    points: Annotated[int, Field(ge=20)]
    components: Annotated[int, Field(ge=2, le=10)]
    distance: Annotated[float, Field(gt=0, description="of means, in standard deviations")]
    shown: Annotated[tuple[int, ...], Field(min_length=2, description="iterations")]
    starts: Annotated[int, Field(ge=2, description="of each initialisation")]
    seed: Annotated[int, Field(ge=0)]


class ColourParams(Params):
    """Pixels as points: colour, and position where that counts."""

    shrink: Annotated[int, Field(ge=1, description="every so many pixels each way")]
    position: Annotated[float, Field(ge=0, description="grey levels a picture's side counts as")]
    components: Annotated[tuple[int, ...], Field(min_length=1)]
    covariance: CovarianceType
    restarts: Annotated[int, Field(ge=1)]
    tol: Annotated[float, Field(gt=0)]
    seed: Annotated[int, Field(ge=0)]

"""Parameters of the study of out-of-distribution detection."""

from typing import Annotated, Literal

from pydantic import Field

from atelier.evaluation.params import Resamples
from atelier.params import Params
from atelier.training.params import NetworkParams, TrainingParams

Level = Annotated[float, Field(gt=0)]
ImageCount = Annotated[int, Field(gt=0)]
DOWNLOAD = "download"
"""Value of ``fashion_mnist`` that asks for the published files."""


class OutOfDistributionParams(Params):
    """The networks that are trained for the study, and the images that they score.

    ``training.seed`` also decides which images are drawn and how they are changed; each network has
    a seed of its own.
    """

    network: NetworkParams
    training: TrainingParams
    seeds: Annotated[
        tuple[int, ...], Field(min_length=1, description="of the networks, one for each")
    ]
    train_images: Annotated[ImageCount, Field(description="that train a network, at most")]
    fit_images: Annotated[ImageCount, Field(description="training images that fit scores, at most")]
    images: Annotated[ImageCount, Field(description="of the test split and of each set, at most")]
    corruptions: Annotated[
        dict[Literal["scale", "blur", "noise", "jpeg", "rotation"], Level],
        Field(description="levels of the changes of test images"),
    ]
    fashion_mnist: Annotated[
        str | None,
        Field(description="a folder of its IDX files, download, or null, which leaves it out"),
    ]
    resamples: Resamples

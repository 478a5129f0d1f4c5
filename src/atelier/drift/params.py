"""Parameters of drift detection."""

from typing import Annotated, Literal

from pydantic import Field

from atelier.params import Share
from atelier.training.params import MachineParams


class DriftParams(MachineParams):
    """When a batch counts as drifted, and on which changes that is tried."""

    covariance: Literal["diagonal", "full", "tied"]
    reject: Annotated[float, Field(gt=0, lt=1, description="share of calibration called rare")]
    alpha: Annotated[float, Field(gt=0, lt=1, description="false alarms that are accepted")]
    size: Annotated[int, Field(gt=0, description="images of a batch that is tried")]
    draws: Annotated[int, Field(gt=0, description="batches of each change")]
    null_draws: Annotated[int, Field(gt=0, description="batches without any change")]
    letters: tuple[Share, ...]
    levels: dict[Literal["rotation", "noise", "blur", "scale"], tuple[float, ...]]

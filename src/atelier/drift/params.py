"""Parameters of drift detection."""

from typing import Annotated, Literal

from pydantic import Field

from atelier.params import Share
from atelier.training.params import MachineParams

Corruption = Literal["rotation", "noise", "blur", "scale"]


class DriftParams(MachineParams):
    """When a batch counts as drifted, and the changes for which the tests' power is estimated."""

    covariance: Literal["diagonal", "full", "tied"]
    reject: Annotated[float, Field(gt=0, lt=1, description="share of calibration called rare")]
    alpha: Annotated[float, Field(gt=0, lt=1, description="accepted rate of false alarms")]
    size: Annotated[int, Field(gt=0, description="images of a simulated batch")]
    draws: Annotated[int, Field(gt=0, description="simulated batches of each change")]
    null_draws: Annotated[int, Field(gt=0, description="simulated batches without any change")]
    letters: Annotated[tuple[Share, ...], Field(description="shares of letters in a batch")]
    levels: Annotated[dict[Corruption, tuple[float, ...]], Field(description="of each change")]

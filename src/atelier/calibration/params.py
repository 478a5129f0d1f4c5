"""Parameters of the calibration pipeline."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from atelier.evaluation.params import BootstrapParams, Resamples
from atelier.params import Params, Seed
from atelier.training.params import MachineParams, TrainingParams

Level = Annotated[float, Field(gt=0)]


def _check_calibrator(name: str) -> str:
    """Returns a calibrator's name; the room is loaded only when a name is checked."""
    from atelier.calibration.calibrators import CALIBRATORS

    if name not in CALIBRATORS:
        raise ValueError(f"Expected one of {', '.join(CALIBRATORS)}. Received: another name")
    return name


CalibratorName = Annotated[str, AfterValidator(_check_calibrator)]
"""A name in :data:`atelier.calibration.CALIBRATORS`."""


class CalibrationParams(BootstrapParams):
    """The bootstrap of the measures' intervals."""


class DensityParams(Params):
    """The Gaussians on the logits, and the share of in-distribution data that is rejected."""

    covariance: Literal["diagonal", "full", "tied"]
    reject: Annotated[
        float, Field(ge=0, lt=1, description="share of held-out images that is rejected")
    ]


class LogitStudyParams(Params):
    """The study of logits: which calibrators, and how the best is chosen."""

    calibrators: (
        Literal["all"]
        | Annotated[
            tuple[CalibratorName, ...],
            Field(min_length=1, description="temperature scaling is always among them"),
        ]
    )
    choose_from: Annotated[
        Literal["same_predictions", "all"],
        Field(
            description="whether only calibrators that change no prediction may be chosen, such as "
            "temperature scaling, or all"
        ),
    ] = "all"
    folds: Annotated[int, Field(ge=2, description="folds of the calibration part, for the choice")]
    seed: Seed

    @property
    def names(self) -> tuple[str, ...]:
        """The calibrators, each once, with temperature scaling, which all measures refer to."""
        from atelier.calibration.calibrators import CALIBRATORS

        listed = CALIBRATORS if self.calibrators == "all" else self.calibrators
        return tuple(dict.fromkeys((*listed, "temperature")))


class ShiftParams(MachineParams):
    """The changes that are applied to the test images."""

    images: Annotated[int, Field(gt=0, description="test images that are changed, at most")]
    levels: dict[Literal["scale", "blur", "noise", "jpeg", "rotation", "fgsm"], tuple[Level, ...]]
    symbols: Annotated[str, Field(description="characters drawn as out-of-distribution images")]
    symbols_per_class: Annotated[int, Field(gt=0)]
    resamples: Resamples


class DenseParams(Params):
    """A dense network: ``depth`` hidden layers of ``width`` units."""

    width: Annotated[int, Field(gt=0)]
    depth: Annotated[int, Field(ge=0)]
    weight_decay: Annotated[float, Field(ge=0)]
    batch_normalisation: bool


class CapacityParams(Params):
    """The networks of the capacity study: a reference, and one change of it at a time."""

    reference: DenseParams
    changes: Annotated[
        dict[Literal["width", "depth", "weight_decay", "batch_normalisation"], tuple[float, ...]],
        Field(description="levels of each factor; all others are the reference's"),
    ]
    training: TrainingParams
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]
    overtrained: DenseParams
    overtrained_epochs: Annotated[int, Field(gt=0)]
    overtrained_images: Annotated[int, Field(gt=0, description="training images, at most")]

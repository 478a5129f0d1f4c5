"""Parameters of the calibration pipeline."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from atelier.evaluation.params import BootstrapParams, Resamples
from atelier.params import Params, Seed
from atelier.training.params import MachineParams, TrainingParams

Level = Annotated[float, Field(gt=0)]


def _check_calibrator(name: str) -> str:
    """Returns a calibrator's name; the package is loaded only when a name is checked."""
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


Coverage = Annotated[float, Field(gt=0, lt=1, description="share of samples, 1 − α")]


class SetParams(Params):
    """Prediction sets: those of the table, and those that the served model answers."""

    levels: Annotated[tuple[Coverage, ...], Field(min_length=1, description="of the table")]
    method: Annotated[Literal["lac", "aps", "raps"], Field(description="of the served model")]
    level: Annotated[Coverage, Field(description="of the served model")]
    by_class: Annotated[bool, Field(description="whether each class has its own threshold")]
    allow_empty: Annotated[bool, Field(description="whether the served sets may be empty")]
    penalty: Annotated[float, Field(ge=0, description="of RAPS, for each rank that is not free")]
    free_ranks: Annotated[int, Field(ge=0, description="of RAPS, ranks without a penalty")]
    folds: Annotated[int, Field(ge=2, description="of the calibration split, to calibrate it")]
    seed: Seed


class RejectionParams(BootstrapParams):
    """When the served model rejects: the lowest share of a score, or by a stated risk."""

    score: Annotated[
        Literal["softmax", "temperature", "calibrated", "energy", "posterior", "log_density"],
        Field(description="lower scores are rejected"),
    ]
    rule: Annotated[
        Literal["quantile", "risk"],
        Field(description="quantile rejects the share `density.reject`; risk keeps to `risk`"),
    ]
    risk: Annotated[float, Field(gt=0, lt=1, description="largest share of wrong accepted images")]
    confidence: Annotated[float, Field(gt=0, lt=1, description="that the risk is kept")]


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
        Literal["same_predictions", "served", "all"],
        Field(
            description="whether only calibrators that change no prediction may be chosen, such as "
            "temperature scaling, those that a served model can have, or all"
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

"""Parameters of the sweep."""

from typing import Annotated, Literal

from pydantic import Field

from atelier.params import Params, Seed
from atelier.sweep.plan import Activations, Plan


class SweepSplitParams(Params):
    """Sizes of the three splits."""

    train: Annotated[int, Field(gt=0)] | None
    """Number of images to train on; null: the published training part, whole."""
    selection: Annotated[float, Field(gt=0, lt=1)]
    """Share of the remaining images that selects the learning rate; the rest is for the report."""
    seed: Seed
    """Shuffles the test part, and resamples in the analysis."""


class StudyParams(Params):
    """The study, and where it is trained."""

    plan: Plan
    activations: Activations
    """Type in which they are stored between the layers; bfloat16 is faster on a GPU only."""
    executor: Literal["local", "dask"]
    address: str | None
    """Of a Dask scheduler; null: processes on this machine."""
    workers: Annotated[int, Field(gt=0)]
    """Number of these processes."""
    threads: Annotated[int, Field(gt=0)]
    """Trainings at once in one process on a CPU; changes no result."""

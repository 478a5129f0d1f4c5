"""Parameters of the sweep."""

from typing import Annotated, Literal

from pydantic import Field

from atelier.params import Params, Seed
from atelier.sweep.plan import Activations, Plan


class GatherParams(Params):
    """How the images are shared out."""

    train: Annotated[int, Field(gt=0)] | None
    """Images to train on; null: the published training part, whole."""
    selection: Annotated[float, Field(gt=0, lt=1)]
    """Share of the others that chooses the rate; the rest reports."""
    seed: Seed


class StudyParams(Params):
    """What is trained, and by whom."""

    plan: Plan
    activations: Activations
    """As they are stored between the layers; half of it pays on a GPU only."""
    executor: Literal["local", "dask"]
    address: str | None
    """Of a Dask scheduler; null: processes on this machine."""
    workers: Annotated[int, Field(gt=0)]
    """How many of these."""
    threads: Annotated[int, Field(gt=0)]
    """Trainings at once in one process on a CPU; changes no result."""

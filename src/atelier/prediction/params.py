"""Parameters of labelling pictures."""

from typing import Annotated

from pydantic import Field

from atelier.data.user_data.params import ResizeRule
from atelier.params import Params, Threads


class LabellingParams(Params):
    """How pictures are read, and how many are labelled at a time."""

    part: Annotated[int, Field(gt=0, le=65_536, description="pictures that are labelled at once")]
    """A finished part is kept when a run is killed."""
    unreadable: Annotated[float, Field(ge=0, le=1, description="of all pictures, at most 1")]
    """Largest share of pictures that may be damaged."""
    resize: ResizeRule | None
    """None: as the model's own images were resized."""
    background: str | None
    """Colour behind transparent pixels; None: as for the model's own images."""
    address: str | None
    """Of a Dask scheduler; None: this process."""
    threads: Threads

"""The base of every parameter type, and the field types that several packages share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seed = Annotated[int, Field(ge=0, lt=2**31, description="of the random numbers")]
Threads = Annotated[int, Field(ge=0, description="of TensorFlow; 0 lets it choose")]
Share = Annotated[float, Field(ge=0, lt=1, description="of a whole, below 1")]


class Params(BaseModel):
    """A frozen record of parameters; an unknown key or a wrong value is an error.

    The error names the field and what was expected, but no value: under a misspelt name a secret
    would not be recognised.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

"""The base of every parameter type."""

from pydantic import BaseModel, ConfigDict


class Params(BaseModel):
    """A frozen record of parameters: a misspelt key or a bad value is an error, not a surprise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

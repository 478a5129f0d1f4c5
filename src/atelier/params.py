"""The base of every parameter type."""

from pydantic import BaseModel, ConfigDict


class Params(BaseModel):
    """A frozen record of parameters: a misspelt key or a bad value is an error, not a surprise.

    The error names the field and what was expected, but no value: under a misspelt name a secret
    would not be known as such.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

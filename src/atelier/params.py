"""The base of every parameter type, and what a share of a whole is."""

from fractions import Fraction

from pydantic import BaseModel, ConfigDict


def as_written(share: float | Fraction) -> Fraction:
    """Returns the decimal number that a share was written as: 0.1 is exactly one tenth."""
    return Fraction(str(share))


def count_of(share: float | Fraction, total: int) -> int:
    """Returns the whole number nearest to a share of ``total``; of two the even one.

    In exact fractions: 0.7 of 15 is 10.5 and gives 10, whatever the last bit of a product says.

    Examples:
        >>> count_of(0.7, 15), count_of(0.7, 16)
        (10, 11)
    """
    return round(as_written(share) * total)


class Params(BaseModel):
    """A frozen record of parameters: a misspelt key or a bad value is an error, not a surprise.

    The error names the field and what was expected, but no value: under a misspelt name a secret
    would not be known as such.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

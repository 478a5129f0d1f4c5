"""Shares of a whole in exact fractions, without dependencies."""

from fractions import Fraction


def exact_fraction(share: float | Fraction) -> Fraction:
    """Returns the decimal number as which a share is written, so that 0.1 is exactly one tenth."""
    return Fraction(str(share))


def rounded_share(share: float | Fraction, total: int) -> int:
    """Returns the integer nearest to a share of ``total``; of two nearest integers the even one.

    The product is an exact fraction: 0.7 of 15 is 10.5 and gives 10, independent of rounding.

    Examples:
        >>> rounded_share(0.7, 15), rounded_share(0.7, 16)
        (10, 11)
    """
    return round(exact_fraction(share) * total)

"""Shares of a whole, counted exactly; no library is needed for it."""

from fractions import Fraction


def exact_fraction(share: float | Fraction) -> Fraction:
    """Returns the decimal number that a share was written as: 0.1 is exactly one tenth."""
    return Fraction(str(share))


def rounded_share(share: float | Fraction, total: int) -> int:
    """Returns the whole number nearest to a share of ``total``; of two the even one.

    In exact fractions: 0.7 of 15 is 10.5 and gives 10, whatever the last bit of a product says.

    Examples:
        >>> rounded_share(0.7, 15), rounded_share(0.7, 16)
        (10, 11)
    """
    return round(exact_fraction(share) * total)

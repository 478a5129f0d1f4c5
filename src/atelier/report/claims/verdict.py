"""The verdict on a claim, from our number and its interval alone."""

from typing import Literal

Kind = Literal["equals", "at least", "at most", "above zero", "below zero", "ordering"]
"""What a claim says of the number; of an ordering the number is the share of pairs in order."""
Verdict = Literal["reproduced", "partly", "not reproduced", "not comparable"]

RULE = """\
Let [low, high] be the 95 % interval of our number, or the number itself where nothing was sampled.

- **equals**: *reproduced* if their number lies in the interval, else *not reproduced*.
- **at least**, **at most**, **above zero**, **below zero**: *reproduced* if the whole interval
  lies on the claimed side, *not reproduced* if the whole interval lies on the other side, *partly*
  if the interval has both sides, so that the data neither show nor refute the claim.
- **ordering**: the number is the share of the claimed pairs that are in order. The lower limit
  counts only pairs whose intervals do not overlap, the upper limit all pairs but
  those in the opposite order by intervals that do not overlap. *Reproduced* if every pair is
  certainly in order, *not reproduced* if a pair is certainly in the opposite order, else *partly*.
- *Partly* if the number rests on a single training or pair of trainings (n = 1): another seed may
  say the opposite.
- *Not comparable* if our number was measured on other data or by another protocol than theirs; then
  it says nothing about the claim, whatever it is.

A claim may state a tolerance, for numbers that were rounded before they were published."""
"""The rule in words, as the page shows it."""


def decide(
    kind: Kind,
    number: float,
    *,
    low: float | None = None,
    high: float | None = None,
    n: int | None = None,
    theirs: float | None = None,
    tolerance: float = 0.0,
    comparable: bool = True,
) -> Verdict:
    """Returns the verdict by the stated :data:`RULE`.

    Args:
        kind: What the claim says of the number.
        number: Our number.
        low: Lower limit of its interval; by default the number.
        high: Upper limit of its interval; by default the number.
        n: How many samples the number rests on; None where nothing was sampled.
        theirs: Their number, for the kinds that compare with it.
        tolerance: How far the number may lie on the other side by rounding.
        comparable: Whether the number was measured on data and by a protocol like theirs.

    Returns:
        The verdict.

    Raises:
        ValueError: If the kind needs their number and there is none.

    Examples:
        >>> decide("at least", 0.9887, low=0.9864, high=0.9906, theirs=0.984)
        'reproduced'
        >>> decide("at most", 0.0057, low=0.0044, high=0.0074, theirs=0.0045)
        'partly'
        >>> decide("below zero", 0.009, low=0.002, high=0.02)
        'not reproduced'
        >>> decide("above zero", 0.15, n=1)
        'partly'
    """
    if not comparable:
        return "not comparable"
    if n == 1:
        return "partly"
    limits = (number if low is None else low, number if high is None else high)
    if kind == "equals":
        limit = _limit(kind, theirs)
        inside = limits[0] - tolerance <= limit <= limits[1] + tolerance
        return "reproduced" if inside else "not reproduced"
    margins = sorted(_margins(kind, limits, theirs))
    strict = kind in {"above zero", "below zero"}
    if margins[0] > 0 or (not strict and margins[0] >= -tolerance):
        return "reproduced"
    return "not reproduced" if margins[1] < -tolerance else "partly"


def _margins(kind: Kind, limits: tuple[float, float], theirs: float | None) -> tuple[float, float]:
    """Returns how far each limit lies on the claimed side."""
    low, high = limits
    if kind == "above zero":
        return low, high
    if kind == "below zero":
        return -low, -high
    if kind == "ordering":
        return low - 1.0, high - 1.0
    limit = _limit(kind, theirs)
    return (low - limit, high - limit) if kind == "at least" else (limit - low, limit - high)


def _limit(kind: Kind, theirs: float | None) -> float:
    if theirs is None:
        raise ValueError(f"Expected their number of a claim '{kind}'. Received: none")
    return theirs

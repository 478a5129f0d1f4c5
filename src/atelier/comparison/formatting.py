"""Numbers, times and differences as the page shows them."""

import datetime as dt
import math

MINUS = "−"


def format_value(value: float) -> str:
    """Formats a number with four significant digits; nothing for NaN.

    Examples:
        >>> [format_value(value) for value in (0.97123, 1200.0, float("nan"))]
        ['0.9712', '1,200', '']
    """
    if math.isnan(value):
        return ""
    if not math.isfinite(value):
        return "not finite"
    is_whole = value.is_integer() and abs(value) < 1e6
    return (f"{value:,.0f}" if is_whole else f"{value:.4g}").replace("-", MINUS)


def format_difference(value: float) -> str:
    """Formats a difference with its sign and three significant digits.

    Examples:
        >>> format_difference(0.01234), format_difference(0.0)
        ('+0.0123', '0')
    """
    if math.isnan(value) or value == 0:
        return "" if math.isnan(value) else "0"
    return f"{value:+.3g}".replace("-", MINUS)


def format_limits(low: float, high: float, *, signed: bool = False) -> str:
    """Formats the limits of an interval; nothing where there is none.

    Args:
        low: The lower limit.
        high: The upper limit.
        signed: Whether the limits are of a difference.

    Returns:
        Both limits with an ellipsis between them.
    """
    if math.isnan(low) or math.isnan(high):
        return ""
    form = format_difference if signed else format_value
    return f"{form(low)} … {form(high)}"


def format_moment(milliseconds: int) -> str:
    """Formats a moment as date and time.

    Examples:
        >>> format_moment(0)
        '1970-01-01 00:00:00 UTC'
    """
    return f"{dt.datetime.fromtimestamp(milliseconds // 1000, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"

"""What a target of ``make fuzz`` is, and which outcomes of an input are right."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

Check = Callable[[random.Random], None]
"""Gives one input from a generator to the code; a wrong answer is an AssertionError."""


class Target(NamedTuple):
    """A part of the project that random inputs are given to.

    Attributes:
        name: As the table and ``--only`` have it.
        share: Of the time, relative to the other targets.
        prepare: Makes valid examples in a folder, and returns the check of one input.
    """

    name: str
    share: float
    prepare: Callable[[Path], Check]


def is_refusal(error: BaseException) -> bool:
    """Returns whether an error is documented: it says what was expected, or is pydantic's."""
    from kedro.io import DatasetError

    kinds = (ValueError, TypeError, FileNotFoundError, DatasetError)
    return isinstance(error, ValidationError) or (
        isinstance(error, kinds) and "Expected" in str(error)
    )

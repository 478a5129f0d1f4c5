"""Activation maximization: the picture that a network wants (Erhan et al. 2009)."""

from atelier.activation.ascent import Ascended, Ascent, maximise
from atelier.activation.steps import Stepped, make_starts, step_towards, without_border

__all__ = [
    "Ascended",
    "Ascent",
    "Stepped",
    "make_starts",
    "maximise",
    "step_towards",
    "without_border",
]

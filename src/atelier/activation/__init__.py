"""Activation maximization: the picture that a network wants (Erhan et al. 2009).

Names are imported when they are first asked for: parameters must not bring TensorFlow along.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
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

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "ascent": ("Ascended", "Ascent", "maximise"),
        "steps": ("Stepped", "make_starts", "step_towards", "without_border"),
    },
)

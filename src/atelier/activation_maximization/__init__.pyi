from .ascent import Ascended, Ascent, maximise
from .params import AscentParams, PresetParams, SecondParams, StepParams
from .plain_steps import Stepped, make_starts, step_towards, without_border

__all__ = [
    "Ascended",
    "Ascent",
    "AscentParams",
    "PresetParams",
    "SecondParams",
    "StepParams",
    "Stepped",
    "make_starts",
    "maximise",
    "step_towards",
    "without_border",
]

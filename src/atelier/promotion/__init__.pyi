from . import figures as figures
from .comparison import (
    Evaluation,
    compare_models,
    comparison_text,
    evaluate_models,
    is_no_worse,
)
from .decision import Decision, promote, roll_back
from .params import MarginParams, PromotionParams

__all__ = [
    "Decision",
    "Evaluation",
    "MarginParams",
    "PromotionParams",
    "compare_models",
    "comparison_text",
    "evaluate_models",
    "figures",
    "is_no_worse",
    "promote",
    "roll_back",
]

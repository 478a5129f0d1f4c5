from .decision import Decision, promote
from .params import MarginParams, PromotionParams

__all__ = [
    "Decision",
    "MarginParams",
    "PromotionParams",
    "promote",
]

from .params import DriftParams

__all__ = [
    "DriftParams",
]

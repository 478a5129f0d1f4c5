from .losses import content_loss, gram_matrix, style_loss, total_variation
from .objective import Style
from .params import GridParams, PaintingParams, ScaleParams, StyleParams, TransferParams
from .synthesis import StylizedImage, transfer

__all__ = [
    "GridParams",
    "PaintingParams",
    "ScaleParams",
    "Style",
    "StyleParams",
    "StylizedImage",
    "TransferParams",
    "content_loss",
    "gram_matrix",
    "style_loss",
    "total_variation",
    "transfer",
]

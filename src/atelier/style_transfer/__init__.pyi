from . import evaluation as evaluation
from . import figures as figures
from .losses import content_loss, gram_loss, gram_matrix, style_loss, total_variation
from .objective import FeatureExtractor, Objective, Style, build_feature_extractor, select_styles
from .params import GridCell, GridParams, PaintingParams, ScaleParams, StyleParams, TransferParams
from .synthesis import StylizedImage, transfer
from .vgg import transfer_weights

__all__ = [
    "FeatureExtractor",
    "GridCell",
    "GridParams",
    "Objective",
    "PaintingParams",
    "ScaleParams",
    "Style",
    "StyleParams",
    "StylizedImage",
    "TransferParams",
    "build_feature_extractor",
    "content_loss",
    "evaluation",
    "figures",
    "gram_loss",
    "gram_matrix",
    "select_styles",
    "style_loss",
    "total_variation",
    "transfer",
    "transfer_weights",
]

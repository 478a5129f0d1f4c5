from .deformation import deform
from .params import BorderParams, CellParams, PredictionParams, SegmenterParams, UnetParams
from .tiling import predict_tiled
from .training import train_segmenter
from .weight_map import border_weights, class_balance

__all__ = [
    "BorderParams",
    "CellParams",
    "PredictionParams",
    "SegmenterParams",
    "UnetParams",
    "border_weights",
    "class_balance",
    "deform",
    "predict_tiled",
    "train_segmenter",
]

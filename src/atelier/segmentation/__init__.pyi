from . import figures as figures
from .deformation import deform, draw_coordinates, elastic_field, jitter_intensity
from .params import (
    BorderParams,
    CellParams,
    DeformationParams,
    PredictionParams,
    SegmenterParams,
    UnetParams,
)
from .patches import Batch, TrainingSample, training_batch, training_samples
from .pixel_calibration import (
    PixelCalibration,
    PixelSample,
    PlattScale,
    calibrate_pixels,
    fit_platt_scale,
    sample_pixels,
)
from .postprocessing import segment_by_logits
from .prediction import mean_iou, pixel_log_odds, pixel_logits
from .tiling import Tiling, average_over_symmetries, predict_tiled
from .training import build_unet, train_segmenter
from .unet import unet_network
from .weight_map import border_weights, class_balance

__all__ = [
    "Batch",
    "BorderParams",
    "CellParams",
    "DeformationParams",
    "PixelCalibration",
    "PixelSample",
    "PlattScale",
    "PredictionParams",
    "SegmenterParams",
    "Tiling",
    "TrainingSample",
    "UnetParams",
    "average_over_symmetries",
    "border_weights",
    "build_unet",
    "calibrate_pixels",
    "class_balance",
    "deform",
    "draw_coordinates",
    "elastic_field",
    "figures",
    "fit_platt_scale",
    "jitter_intensity",
    "mean_iou",
    "pixel_log_odds",
    "pixel_logits",
    "predict_tiled",
    "sample_pixels",
    "segment_by_logits",
    "train_segmenter",
    "training_batch",
    "training_samples",
    "unet_network",
]

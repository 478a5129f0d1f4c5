from . import figures as figures
from .annotation import (
    annotation_metrics,
    least_above_otsu,
    summarize_annotation,
    train_on_subsets,
)
from .annotation_sentences import describe_annotation
from .application import (
    Application,
    Finished,
    SegmentationStore,
    SegmentedImage,
    application_metrics,
    apply_method,
    check_images_readable,
    images_for_figure,
)
from .cell_calibration import (
    CellCalibration,
    MatchScale,
    calibrate_cells,
    cell_evidence,
    fit_match_scale,
    labelled_evidence,
)
from .deformation import deform, draw_coordinates, elastic_field, jitter_intensity
from .methods import FoundCells, Method, method_by_mixture, method_by_threshold
from .params import (
    AnnotationParams,
    ApplicationParams,
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
from .unet_method import method_by_unet
from .weight_map import border_weights, class_balance

__all__ = [
    "AnnotationParams",
    "Application",
    "ApplicationParams",
    "Batch",
    "BorderParams",
    "CellCalibration",
    "CellParams",
    "DeformationParams",
    "Finished",
    "FoundCells",
    "MatchScale",
    "Method",
    "PixelCalibration",
    "PixelSample",
    "PlattScale",
    "PredictionParams",
    "SegmentationStore",
    "SegmentedImage",
    "SegmenterParams",
    "Tiling",
    "TrainingSample",
    "UnetParams",
    "annotation_metrics",
    "application_metrics",
    "apply_method",
    "average_over_symmetries",
    "border_weights",
    "build_unet",
    "calibrate_cells",
    "calibrate_pixels",
    "cell_evidence",
    "check_images_readable",
    "class_balance",
    "deform",
    "describe_annotation",
    "draw_coordinates",
    "elastic_field",
    "figures",
    "fit_match_scale",
    "fit_platt_scale",
    "images_for_figure",
    "jitter_intensity",
    "labelled_evidence",
    "least_above_otsu",
    "mean_iou",
    "method_by_mixture",
    "method_by_threshold",
    "method_by_unet",
    "pixel_log_odds",
    "pixel_logits",
    "predict_tiled",
    "sample_pixels",
    "segment_by_logits",
    "summarize_annotation",
    "train_on_subsets",
    "train_segmenter",
    "training_batch",
    "training_samples",
    "unet_network",
]

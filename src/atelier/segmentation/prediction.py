"""Prediction by a trained U-Net: tiles, averaged over symmetries of the square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from atelier.cells.grayscale import normalise
from atelier.cells.samples import Sample
from atelier.segmentation.params import SegmenterParams
from atelier.segmentation.tiling import Tiling, average_over_symmetries, predict_tiled
from atelier.segmentation.unet_shapes import tile_margin, valid_margin
from atelier.types import Array

VALIDATION_TILE = 512
"""Largest side, in pixels, of a tile when a training is validated."""


def pixel_logits(
    model: Any, image: Array, params: SegmenterParams, *, tile: int, turns: int = 1
) -> Array:
    """Predicts the logits of background and cell at each pixel of an image.

    Tiles overlap by all that an output pixel depends on, and meet the poolings in the same phase:
    the result does not depend on how the image is cut.

    Args:
        model: As :func:`atelier.segmentation.training.build_unet` builds it.
        image: Grey, RGB or RGBA, 8 or 16 bit or float, of any size.
        params: Parameters that the model was built from.
        tile: Largest side of a tile's output, pixels.
        turns: Symmetries of the square to average over, 1 … 8.

    Returns:
        Mean logits, (height, width, 2) float32.
    """
    depth, padding = params.network.depth, params.network.padding
    margin = tile_margin(depth, padding)
    crop = margin - valid_margin(depth) if padding == "valid" else margin

    def predict_tiles(tiles: Array) -> Array:
        logits = np.asarray(_forward(model, tf.constant(tiles)))
        height, width = logits.shape[1:3]
        return logits[:, crop : height - crop, crop : width - crop]

    def predict_view(view: Array) -> Array:
        height, width = (_tile_side(side, tile, 2**depth) for side in view.shape[:2])
        return predict_tiled(predict_tiles, view, Tiling(height, width, margin), batch=1)

    return average_over_symmetries(predict_view, normalise(image)[..., None], turns)


def _tile_side(length: int, largest: int, stride: int) -> int:
    """Returns the side, a multiple of the stride, of the fewest equal tiles that cover a length."""
    tiles = -(-length // largest)
    side = -(-length // tiles)
    return -(-side // stride) * stride


@tf.function(reduce_retracing=True)
def _forward(model: Any, tiles: Any) -> Any:
    return model(tiles, training=False)


def pixel_log_odds(
    model: Any, image: Array, params: SegmenterParams, *, tile: int, turns: int = 1
) -> Array:
    """Predicts the log-odds of cell at each pixel of an image.

    Args:
        model: As :func:`atelier.segmentation.training.build_unet` builds it.
        image: Grey, RGB or RGBA, 8 or 16 bit or float, of any size.
        params: Parameters that the model was built from.
        tile: Largest side of a tile's output, pixels.
        turns: Symmetries of the square to average over, 1 … 8.

    Returns:
        (height, width) float32; their sigmoid is the probability of cell.
    """
    logits = pixel_logits(model, image, params, tile=tile, turns=turns)
    return np.asarray(logits[..., 1] - logits[..., 0], np.float32)


def mean_iou(model: Any, samples: Sequence[Sample], params: SegmenterParams) -> float:
    """Computes the IoU of predicted and true cell pixels, averaged over whole images.

    Args:
        model: As :func:`atelier.segmentation.training.build_unet` builds it.
        samples: Images with instance labels.
        params: Parameters that the model was built from.

    Returns:
        In [0, 1]; NaN without samples. An image without true and predicted cells counts 1.
    """
    scores = []
    for sample in samples:
        predicted = pixel_log_odds(model, sample.image, params, tile=VALIDATION_TILE) > 0
        truth = sample.labels > 0
        union = (predicted | truth).sum()
        scores.append((predicted & truth).sum() / union if union else 1.0)
    return float(np.mean(scores)) if scores else float("nan")

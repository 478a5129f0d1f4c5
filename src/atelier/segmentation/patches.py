"""What U-Net is taught: pictures with targets and weights, and deformed patches of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from atelier.cells.grayscale import normalise
from atelier.cells.instance_labels import number_cells
from atelier.cells.samples import Sample
from atelier.cells.watershed import shrink_touching
from atelier.segmentation.deformation import deform, draw_coordinates, jitter_intensity
from atelier.segmentation.params import BorderParams, SegmenterParams
from atelier.segmentation.unet_shapes import fitting_side, valid_margin
from atelier.segmentation.weight_map import border_weights, class_balance
from atelier.types import Array


class TrainingSample(NamedTuple):
    """One image as the network learns it, each part (height, width)."""

    image: Array
    """Normalised grey values, float32."""
    target: Array
    """1 on cells, 0 on background and, where gaps are taught, between touching cells."""
    weights: Array
    """What each pixel counts, float32."""


def training_samples(samples: Sequence[Sample], params: BorderParams) -> list[TrainingSample]:
    """The images with their targets and weights: class balance over all of them, and borders."""
    targets = [shrink_touching(s.labels) if params.gaps else s.labels > 0 for s in samples]
    everything = np.concatenate([target.ravel() for target in targets])
    balance = class_balance(everything) if params.balance else (1.0, 1.0)
    lessons = []
    for sample, target in zip(samples, targets, strict=True):
        weights = np.where(target, balance[1], balance[0])
        if params.w0:
            cells = np.where(target, number_cells(sample.labels)[0], 0)
            weights = weights + border_weights(cells, w0=params.w0, sigma=params.sigma)
        lessons.append(
            TrainingSample(
                normalise(sample.image), target.astype(np.int32), weights.astype(np.float32)
            )
        )
    return lessons


def training_batch(
    lessons: Sequence[TrainingSample], params: SegmenterParams, step: int
) -> tuple[Array, ...]:
    """The batch of one step: images (n, side, side, 1), targets and weights (n, side', side')."""
    rng = np.random.default_rng((params.seed, step))
    network = params.network
    lost = valid_margin(network.depth) if network.padding == "valid" else 0
    side = fitting_side(params.patch + 2 * lost, depth=network.depth, padding=network.padding)
    inner = slice(lost, side - lost)
    drawn = []
    for _ in range(params.batch_size):
        image, target, weights = lessons[int(rng.integers(len(lessons)))]
        centre = [rng.uniform(0, length - 1) for length in image.shape]
        where = draw_coordinates((side, side), centre, params.deformation, rng=rng)
        seen, counts, truth = deform(image, weights, target, where)
        drawn.append(
            (
                jitter_intensity(seen, params.deformation, rng=rng),
                truth[inner, inner],
                counts[inner, inner],
            )
        )
    images, targets, weights = (np.stack(part) for part in zip(*drawn, strict=True))
    return images[..., None], targets, weights

"""U-Net's training data: images with targets and weights, and deformed patches of them."""

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
    """An image with what the network is to learn from it, each part (height, width)."""

    image: Array
    """Normalised grey values, float32."""
    target: Array
    """1 on cells; 0 on background and, if ``gaps`` is set, at pixels where two cells touch."""
    weights: Array
    """Weight of each pixel in the loss, float32."""


class Batch(NamedTuple):
    """Patches of one training step."""

    images: Array
    """(n, side, side, 1) float32."""
    targets: Array
    """(n, output side, output side) int32: 1 on cells, 0 on background."""
    weights: Array
    """(n, output side, output side) float32."""


def training_samples(samples: Sequence[Sample], params: BorderParams) -> list[TrainingSample]:
    """Computes targets and pixel weights of all images.

    A weight is the class balance over all images plus the border term (Ronneberger et al. 2015,
    eq. 2).

    Args:
        samples: Images with instance labels.
        params: Border term, class balance, and whether targets have gaps between touching cells.

    Returns:
        The images with targets and weights, in their order.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import Sample
        >>> from atelier.segmentation import BorderParams, training_samples
        >>> params = BorderParams(w0=10.0, sigma=5.0, balance=False, gaps=True)
        >>> sample = Sample(np.zeros((1, 5)), np.array([[1, 1, 0, 2, 2]]))
        >>> training_samples([sample], params)[0].weights.round(2)
        array([[ 1.  ,  1.  , 10.23,  1.  ,  1.  ]], dtype=float32)
    """
    targets = [shrink_touching(s.labels) if params.gaps else s.labels > 0 for s in samples]
    all_targets = np.concatenate([target.ravel() for target in targets])
    balance = class_balance(all_targets) if params.balance else (1.0, 1.0)
    return [
        _training_sample(sample, target, balance, params)
        for sample, target in zip(samples, targets, strict=True)
    ]


def _training_sample(
    sample: Sample, target: Array, balance: tuple[float, float], params: BorderParams
) -> TrainingSample:
    background, cell = balance
    weights = np.where(target, cell, background)
    if params.w0:
        cells = np.where(target, number_cells(sample.labels)[0], 0)
        weights = weights + border_weights(cells, w0=params.w0, sigma=params.sigma)
    return TrainingSample(
        normalise(sample.image), target.astype(np.int32), weights.astype(np.float32)
    )


def training_batch(samples: Sequence[TrainingSample], params: SegmenterParams, step: int) -> Batch:
    """Draws the patches of one step, deformed at random; seed and step decide every draw.

    Args:
        samples: Images with targets and weights, as :func:`training_samples` returns them.
        params: Patch size, batch size, network, deformation and seed.
        step: Number of the step, from 0.

    Returns:
        ``batch_size`` patches; with valid convolutions the targets are smaller than the images.
    """
    rng = np.random.default_rng((params.seed, step))
    network = params.network
    margin = valid_margin(network.depth) if network.padding == "valid" else 0
    side = fitting_side(params.patch + 2 * margin, depth=network.depth, padding=network.padding)
    inner = slice(margin, side - margin)
    patches = []
    for _ in range(params.batch_size):
        sample = samples[int(rng.integers(len(samples)))]
        image, target, weights = _draw_patch(sample, side, params, rng)
        patches.append((image, target[inner, inner], weights[inner, inner]))
    images, targets, weights = (np.stack(part) for part in zip(*patches, strict=True))
    return Batch(images[..., None], targets, weights)


def _draw_patch(
    sample: TrainingSample, side: int, params: SegmenterParams, rng: np.random.Generator
) -> TrainingSample:
    """Returns a deformed square patch about a random pixel."""
    centre = [rng.uniform(0, length - 1) for length in sample.image.shape]
    coordinates = draw_coordinates((side, side), centre, params.deformation, rng=rng)
    image, weights, target = deform(sample.image, sample.weights, sample.target, coordinates)
    return TrainingSample(jitter_intensity(image, params.deformation, rng=rng), target, weights)

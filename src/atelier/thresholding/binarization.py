"""Foreground of pictures: a threshold for a whole stack, local thresholds, and hysteresis."""

from collections.abc import Sequence
from typing import NamedTuple

import lazy_loader
import numpy as np

from atelier.cells.grayscale import stored_grey
from atelier.evaluation.validation import real_numbers, require_finite
from atelier.thresholding.generalized_histogram import ght_from_levels
from atelier.thresholding.grey_levels import GreyLevels, count_grey_levels
from atelier.thresholding.otsu import thresholds_from_levels
from atelier.thresholding.params import BinarizationParams, LocalParams
from atelier.types import Array, Metrics

skimage = lazy_loader.load("skimage")


class Foreground(NamedTuple):
    """Foreground of a stack of pictures."""

    masks: list[Array]
    """Boolean, (height, width), of each picture; masked where the picture is."""
    thresholds: dict[str, float]
    """Thresholds of all pictures by their names; none of local methods."""


def count_stack_levels(images: Sequence[Array]) -> GreyLevels:
    """Counts the pixels of several images in one histogram, the sum of theirs.

    Args:
        images: At least one image, as :func:`grey_histogram` takes it. All have one type, and any
            shapes.

    Raises:
        ValueError: If there is no image, or if the types differ.

    Examples:
        >>> import numpy as np
        >>> from atelier.thresholding import count_stack_levels
        >>> stack = [np.array([[1000, 1001]]), np.array([[1001], [1002]])]
        >>> counts, levels, *_ = count_stack_levels(stack)
        >>> dict(zip(levels.tolist(), counts.tolist()))
        {1000: 1, 1001: 2, 1002: 1}
    """
    types = {np.asarray(image).dtype for image in images}
    if len(types) != 1:
        names = ", ".join(sorted(map(str, types))) or "none"
        raise ValueError(f"Expected images of one type. Received: {names}")
    if types.pop().kind == "f":
        return count_grey_levels(np.concatenate([_unmasked(image) for image in images]))
    parts = [count_grey_levels(image) for image in images]
    levels, inverse = np.unique(
        np.concatenate([part.levels for part in parts]), return_inverse=True
    )
    counts = np.zeros(len(levels), np.int64)
    np.add.at(counts, inverse, np.concatenate([part.counts for part in parts]))
    return GreyLevels(counts, levels)


def local_thresholds(image: Array, params: LocalParams) -> Array:
    """Computes a threshold for every pixel from its neighbourhood, by scikit-image.

    The neighbourhood is a square of ``window`` pixels a side. ``mean`` and ``gaussian`` (a
    standard deviation of (window - 1) / 6 pixels) subtract ``offset`` from the local mean.
    ``sauvola`` is m (1 + k (s / r - 1)) of the local mean m and standard deviation s, where r is
    half of the range of the image's type, and of floats half of the image's range (Sauvola &
    Pietikäinen 2000).

    Args:
        image: Grey values, (height, width), none masked.
        params: Method and neighbourhood.

    Returns:
        The thresholds, (height, width); a pixel is foreground above its threshold.

    Raises:
        ValueError: If pixels are masked, whose values would be part of their neighbours' means, or
            not finite.

    Examples:
        >>> import numpy as np
        >>> from atelier.thresholding import LocalParams, local_thresholds
        >>> image = np.array([[0.0, 0.0, 9.0], [0.0, 0.0, 9.0], [0.0, 0.0, 9.0]])
        >>> params = LocalParams(method="mean", window=3, offset=0.0, k=0.2)
        >>> local_thresholds(image, params)[1].tolist()
        [0.0, 3.0, 6.0]
    """
    if np.ma.is_masked(image):
        raise ValueError(
            "Expected an image without masked pixels for a local threshold. "
            f"Received: {np.ma.getmaskarray(image).sum():,} masked of {image.size:,}"
        )
    grey = real_numbers("pixels", image)
    require_finite("pixels", grey)
    filters, window = skimage.filters, params.window
    if params.method == "sauvola":
        deviation = float(np.ptp(grey)) / 2 or 1.0 if grey.dtype.kind == "f" else None
        return np.asarray(filters.threshold_sauvola(grey, window, params.k, deviation))
    return np.asarray(filters.threshold_local(grey, window, params.method, offset=params.offset))


def find_foreground(images: Sequence[Array], params: BinarizationParams) -> Foreground:
    """Divides the pixels of a stack into foreground, above the threshold, and background.

    ``otsu``, ``ght`` and ``hysteresis`` have the same thresholds for all images, from one histogram
    of the stack. ``hysteresis`` takes the pixels above the high threshold, and those above the low
    one that are connected to them; without given thresholds they are Otsu's for three classes.
    ``local`` has a threshold for each pixel.

    Args:
        images: Grey values, (height, width) each, of one type. Masked pixels do not count, and are
            masked in the result.
        params: Method.

    Raises:
        ValueError: If there is no image, if their types differ, or if the stack has too few grey
            values for the method.

    Examples:
        >>> import numpy as np
        >>> from atelier.thresholding import (
        ...     BinarizationParams, HysteresisParams, LocalParams, PriorParams, find_foreground)
        >>> params = BinarizationParams(
        ...     method="otsu", ght=PriorParams(nu=0, tau=0, kappa=0, omega=0.5),
        ...     local=LocalParams(method="mean", window=3, offset=0, k=0.2),
        ...     hysteresis=HysteresisParams(low=None, high=None))
        >>> foreground = find_foreground([np.array([[1, 2]]), np.array([[8, 9]])], params)
        >>> [mask.tolist() for mask in foreground.masks], foreground.thresholds
        ([[[False, False]], [[True, True]]], {'threshold': 2.0})
    """
    if params.method == "local":
        masks = [np.asarray(image > local_thresholds(image, params.local)) for image in images]
        return Foreground(masks, {})
    levels = count_stack_levels(images)
    if params.method == "hysteresis":
        low, high = _hysteresis_thresholds(levels, params)
        masks = [_connected_foreground(image, low, high) for image in images]
        return Foreground(masks, {"low": low, "high": high})
    if params.method == "ght":
        threshold = ght_from_levels(levels, **params.ght.model_dump())[0]
    else:
        threshold = thresholds_from_levels(levels, 2)[0]
    return Foreground([image > threshold for image in images], {"threshold": float(threshold)})


def masked_grey(image: Array) -> Array:
    """Converts an image to one grey channel as :func:`stored_grey`, and keeps its mask.

    Args:
        image: (height, width) or (height, width, channels); a masked array is masked where any
            channel is.
    """
    if not isinstance(image, np.ma.MaskedArray):
        return stored_grey(image)
    mask = np.ma.getmaskarray(image)
    return np.ma.MaskedArray(stored_grey(image.data), mask if mask.ndim == 2 else mask.any(axis=2))


def foreground_metrics(foreground: Foreground) -> Metrics:
    """Returns the thresholds, the share of foreground among the unmasked pixels, and counts."""
    pixels = sum(np.ma.count(mask) for mask in foreground.masks)
    above = sum(float(mask.sum()) for mask in foreground.masks)
    return foreground.thresholds | {
        "share": above / pixels,
        "pixels": float(pixels),
        "pages": float(len(foreground.masks)),
    }


def _hysteresis_thresholds(levels: GreyLevels, params: BinarizationParams) -> tuple[float, float]:
    low, high = params.hysteresis.low, params.hysteresis.high
    if low is None or high is None:
        low, high = map(float, thresholds_from_levels(levels, 3))
    return low, high


def _connected_foreground(image: Array, low: float, high: float) -> Array:
    if not isinstance(image, np.ma.MaskedArray):
        return np.asarray(skimage.filters.apply_hysteresis_threshold(image, low, high))
    values = np.ma.filled(image.astype(np.float64), -np.inf)
    mask = skimage.filters.apply_hysteresis_threshold(values, low, high)
    return np.ma.MaskedArray(mask, np.ma.getmaskarray(image))


def _unmasked(image: Array) -> Array:
    return image.compressed() if isinstance(image, np.ma.MaskedArray) else np.ravel(image)

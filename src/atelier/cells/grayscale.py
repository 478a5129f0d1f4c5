"""Images of any channels and type as one grey channel."""

import numpy as np

from atelier.types import Array

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709
LOW, HIGH = 1.0, 99.8
"""Percentiles that become 0 and 1."""


def check_finite_image(image: Array) -> None:
    """Checks that all grey values are finite.

    Raises:
        ValueError: Some are not; the message counts NaN and infinite values.
    """
    if image.dtype.kind != "f" or np.isfinite(image).all():
        return
    missing, infinite = int(np.isnan(image).sum()), int(np.isinf(image).sum())
    raise ValueError(
        f"Expected finite grey values; replace the others, or mask them by "
        f"numpy.ma.masked_invalid. Received: {missing:,} NaN and {infinite:,} infinite "
        f"of {image.size:,}"
    )


def to_grey(image: Array) -> Array:
    """Converts an image to one grey channel, float32, by the luminance of ITU-R BT.709.

    Integers keep their range (0 … 255, 0 … 65535). An alpha channel (of 2 or 4) is dropped, since
    the image under it is what was measured. Equal channels give their common value exactly.

    Args:
        image: Integers, floats or Booleans, (height, width) or (height, width, 1 to 4).

    Returns:
        (height, width) float32.

    Raises:
        ValueError: Wrong shape, empty, masked, or with values that are not finite.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import to_grey
        >>> to_grey(np.array([[[255, 0, 0], [9, 9, 9]]], np.uint8)).round(2)
        array([[54.21,  9.  ]], dtype=float32)
    """
    return np.asarray(_one_channel(image), np.float32)


def _one_channel(image: Array) -> Array:
    """Returns a channel in its stored type if all are equal, else their luminance, float32."""
    if np.ma.is_masked(image):
        raise ValueError(
            "Expected an image without masked pixels; fill them first (image.filled(value)). "
            f"Received: {np.ma.getmaskarray(image).sum():,} masked of {image.size:,}"
        )
    image = np.asarray(image)
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.ndim not in {2, 3} or channels not in {1, 2, 3, 4} or 0 in image.shape:
        raise ValueError(
            "Expected an image of (height, width) or (height, width, 1 to 4). "
            f"Received: {image.shape}"
        )
    if image.dtype.kind not in "uifb":
        raise ValueError(f"Expected finite numbers. Received: {image.dtype}")
    check_finite_image(image)
    if image.ndim == 2:
        return image
    colours = image[..., :3] if channels > 2 else image[..., :1]
    if (colours[..., :1] == colours).all():
        return np.asarray(image[..., 0])
    return np.asarray(colours.astype(np.float32) @ LUMINANCE)


def normalise(image: Array) -> Array:
    """Scales the grey image so that its 1st percentile is 0 and its 99.8th is 1.

    The result does not depend on the camera's range. A constant image gives zeros.

    Args:
        image: As :func:`to_grey` takes it.

    Returns:
        (height, width) float32; about 1 % of the pixels are below 0, 0.2 % above 1.

    Raises:
        ValueError: As :func:`to_grey`.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import normalise
        >>> normalise(np.array([[0, 128, 255]], np.uint8)).round(3)
        array([[-0.01 ,  0.498,  1.002]], dtype=float32)
    """
    grey = to_grey(image)
    low, high = np.percentile(grey, (LOW, HIGH))
    if high <= low:  # few bright pixels, or none
        low, high = float(grey.min()), float(grey.max())
    span = high - low
    return np.asarray((grey - low) / span if span > 0 else np.zeros_like(grey), np.float32)


def stored_grey(image: Array) -> Array:
    """Converts an image to one grey channel in the type that it is stored in, Booleans as uint8.

    Colours become their luminance (ITU-R BT.709), which is rounded where the type is an integer.

    Args:
        image: As :func:`to_grey` takes it.

    Returns:
        (height, width).

    Raises:
        ValueError: As :func:`to_grey`.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import stored_grey
        >>> stored_grey(np.array([[[255, 0, 0], [9, 9, 9]]], np.uint8))
        array([[54,  9]], dtype=uint8)
    """
    kind = np.asarray(image).dtype
    grey = _one_channel(image)
    if kind.kind == "b":
        return grey.astype(np.uint8)
    return np.rint(grey).astype(kind) if kind.kind in "ui" and grey.dtype != kind else grey

"""Pictures as they come, made into one kind: grey, float32."""

import numpy as np

from atelier.types import Array

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709
LOW, HIGH = 1.0, 99.8  # percentiles that become 0 and 1


def check_finite_image(image: Array) -> None:
    """Refuse grey values that are not finite.

    Raises:
        ValueError: Says how many of how many are NaN and how many infinite.
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
    """One grey channel, (height, width) float32, of integers or floats, in grey or RGB.

    Integers keep their range (0 … 255, 0 … 65535). An alpha channel (of 2 or 4) is dropped, as the
    picture under it is what was measured. Equal channels give their common value exactly.

    Raises:
        ValueError: Not a picture: wrong shape, empty, masked, or with values that are not finite.
    """
    return np.asarray(_one_channel(image), np.float32)


def _one_channel(image: Array) -> Array:
    """Grey in the picture's own type if its channels are equal, else their luminance, float32."""
    if np.ma.is_masked(image):
        raise ValueError(
            "Expected a picture without masked pixels; fill them first (image.filled(value)). "
            f"Received: {np.ma.getmaskarray(image).sum():,} masked of {image.size:,}"
        )
    image = np.asarray(image)
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.ndim not in {2, 3} or channels not in {1, 2, 3, 4} or 0 in image.shape:
        raise ValueError(
            "Expected a picture of (height, width) or (height, width, 1 to 4). "
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
    """The grey picture with its 1st percentile at 0 and its 99.8th at 1, float32.

    Whatever the camera's range, the network sees the same. A constant image gives zeros.
    """
    grey = to_grey(image)
    low, high = np.percentile(grey, (LOW, HIGH))
    if high <= low:  # few bright pixels, or none
        low, high = float(grey.min()), float(grey.max())
    span = high - low
    return np.asarray((grey - low) / span if span > 0 else np.zeros_like(grey), np.float32)


def stored_grey(image: Array) -> Array:
    """The picture's grey values in their own type, Booleans as uint8.

    Colours are weighed (BT.709); those of integers are rounded to the type that they came in.

    Raises:
        ValueError: As :func:`to_grey`.
    """
    kind = np.asarray(image).dtype
    grey = _one_channel(image)
    if kind.kind == "b":
        return grey.astype(np.uint8)
    return np.rint(grey).astype(kind) if kind.kind in "ui" and grey.dtype != kind else grey

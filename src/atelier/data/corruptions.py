"""Five corruptions of images, each at a given level."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage

from atelier.types import Array


def scale_intensity(images: Array, level: float, rng: np.random.Generator) -> Array:
    """Multiplies images by 1 + level, without clipping (Subramanya et al. 2017, fig. 1).

    Args:
        images: (n, height, width, channels) float32 in [0, 1].
        level: Increase of the intensity, at least 0.
        rng: Not used.

    Returns:
        Images of the same shape.
    """
    return np.asarray(images * np.float32(1 + level))


def gaussian_blur(images: Array, level: float, rng: np.random.Generator) -> Array:
    """Smooths images by a Gaussian.

    Args:
        images: (n, height, width, channels) float32 in [0, 1].
        level: Standard deviation in pixels, at least 0.
        rng: Not used.

    Returns:
        Images of the same shape.
    """
    return np.asarray(ndimage.gaussian_filter(images, (0, level, level, 0)))


def gaussian_noise(images: Array, level: float, rng: np.random.Generator) -> Array:
    """Adds white Gaussian noise and clips to [0, 1].

    Args:
        images: (n, height, width, channels) float32 in [0, 1].
        level: Standard deviation, at least 0.
        rng: Source of the random numbers.

    Returns:
        Images of the same shape.
    """
    noisy = images + rng.normal(0, level, images.shape).astype(np.float32)
    return np.asarray(np.clip(noisy, 0, 1))


def jpeg_compression(images: Array, level: float, rng: np.random.Generator) -> Array:
    """Compresses images as JPEG of quality 100 - level; they are rounded to 8 bits first.

    Args:
        images: (n, height, width, channels) float32 in [0, 1].
        level: 100 minus the quality, 0 … 100; 0 leaves images unchanged.
        rng: Not used.

    Returns:
        Images of the same shape.
    """
    if level == 0:
        return images
    stored = np.clip(np.rint(images * 255), 0, 255).astype(np.uint8)
    return np.stack([_through_jpeg(image, round(100 - level)) for image in stored])


def _through_jpeg(image: Array, quality: int) -> Array:
    grey = image.shape[-1] == 1
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if grey else image).save(buffer, "JPEG", quality=quality)
    read = np.asarray(Image.open(buffer), np.float32) / 255
    return read[..., None] if grey else read


def random_rotation(images: Array, level: float, rng: np.random.Generator) -> Array:
    """Rotates each image about its centre, with a random sign; black fills the corners.

    Args:
        images: (n, height, width, channels) float32 in [0, 1].
        level: Angle in degrees, at least 0.
        rng: Source of the random numbers.

    Returns:
        Images of the same shape.
    """
    signs = rng.choice([-1, 1], len(images))
    turned = [
        ndimage.rotate(image, sign * level, axes=(1, 0), reshape=False, order=1)
        for image, sign in zip(images, signs, strict=True)
    ]
    return np.stack(turned)


CORRUPTIONS: dict[str, Callable[[Array, float, np.random.Generator], Array]] = {
    "scale": scale_intensity,
    "blur": gaussian_blur,
    "noise": gaussian_noise,
    "jpeg": jpeg_compression,
    "rotation": random_rotation,
}


def corrupt(images: Array, name: str, level: float, *, seed: int) -> Array:
    """Applies a corruption at a level.

    Args:
        images: (n, height, width, channels) float32 in [0, 1].
        name: ``scale``, ``blur``, ``noise``, ``jpeg`` or ``rotation``.
        level: Strength, at least 0, in the corruption's own unit; 0 leaves images unchanged.
        seed: Seed of the random numbers.

    Returns:
        Images of the same shape.

    Raises:
        ValueError: If there is no corruption of that name, or if the level is negative.

    Examples:
        >>> import numpy as np
        >>> from atelier.data import corrupt
        >>> images = np.full((1, 2, 2, 1), 0.5, np.float32)
        >>> corrupt(images, "scale", 0.5, seed=0).ravel().tolist()
        [0.75, 0.75, 0.75, 0.75]
    """
    if name not in CORRUPTIONS or level < 0:
        names = ", ".join(CORRUPTIONS)
        raise ValueError(f"Expected one of {names} at a level ≥ 0. Received: {name} at {level}")
    return CORRUPTIONS[name](images, level, np.random.default_rng(seed))

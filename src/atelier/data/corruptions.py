"""What happens to pictures on their way: five changes, each of a stated strength.

All take images, (n, height, width, channels) float32 in [0, 1], and a level; 0 leaves them alone.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage

from atelier.types import Array


def scale_intensity(images: Array, level: float, rng: np.random.Generator) -> Array:
    """Multiplied by 1 + level, beyond 1 where that leads (Subramanya et al. 2017, fig. 1)."""
    return np.asarray(images * np.float32(1 + level))


def gaussian_blur(images: Array, level: float, rng: np.random.Generator) -> Array:
    """Smoothed by a Gaussian with a standard deviation of ``level`` pixels."""
    return np.asarray(ndimage.gaussian_filter(images, (0, level, level, 0)))


def gaussian_noise(images: Array, level: float, rng: np.random.Generator) -> Array:
    """With white Gaussian noise of standard deviation ``level`` added, cut to [0, 1]."""
    noisy = images + rng.normal(0, level, images.shape).astype(np.float32)
    return np.asarray(np.clip(noisy, 0, 1))


def jpeg_compression(images: Array, level: float, rng: np.random.Generator) -> Array:
    """Stored as JPEG of quality 100 − level; quantised to 8 bits on the way."""
    if level == 0:
        return images
    stored = np.clip(np.rint(images * 255), 0, 255).astype(np.uint8)
    return np.stack([_through_jpeg(one, round(100 - level)) for one in stored])


def _through_jpeg(image: Array, quality: int) -> Array:
    grey = image.shape[-1] == 1
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if grey else image).save(buffer, "JPEG", quality=quality)
    read = np.asarray(Image.open(buffer), np.float32) / 255
    return read[..., None] if grey else read


def random_rotation(images: Array, level: float, rng: np.random.Generator) -> Array:
    """Turned by ``level`` degrees, either way by chance, about the middle; black comes in."""
    signs = rng.choice([-1, 1], len(images))
    turned = [
        ndimage.rotate(one, sign * level, axes=(1, 0), reshape=False, order=1)
        for one, sign in zip(images, signs, strict=True)
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
    """The images under one named change.

    Raises:
        ValueError: No change of that name, or a negative level.
    """
    if name not in CORRUPTIONS or level < 0:
        known = ", ".join(CORRUPTIONS)
        raise ValueError(f"Expected one of {known} at a level ≥ 0. Received: {name} at {level}")
    return CORRUPTIONS[name](images, level, np.random.default_rng(seed))

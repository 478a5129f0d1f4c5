"""Images of one data set in the shape of another's."""

import numpy as np
from PIL import Image

from atelier.types import Images

BICUBIC = Image.Resampling.BICUBIC


def match_images(images: Images, shape: tuple[int, ...]) -> Images:
    """Returns images with another height, width and number of channels.

    They are stretched by Pillow's bicubic filter with antialiasing; grey becomes RGB with equal
    channels, RGB becomes grey by its luma. Images of that shape stay as they are.

    Args:
        images: (n, height, width, 1 or 3) uint8.
        shape: Height, width and channels, 1 or 3.

    Returns:
        (n, *shape) uint8.

    Examples:
        >>> match_images(np.full((2, 4, 4, 1), 7, np.uint8), (8, 8, 3)).shape
        (2, 8, 8, 3)
    """
    height, width, channels = shape
    if images.shape[1:] == shape or not len(images):
        return images.reshape(len(images), *shape)
    mode = "L" if channels == 1 else "RGB"
    stored = images[..., 0] if images.shape[3] == 1 else images
    resized = [
        np.asarray(Image.fromarray(image).convert(mode).resize((width, height), BICUBIC))
        for image in stored
    ]
    return np.stack(resized).reshape(-1, *shape)

"""Random elastic deformation of training images (Ronneberger et al. 2015, § 3.1)."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.ndimage import map_coordinates

from atelier.segmentation.params import DeformationParams
from atelier.types import Array

GRID = 3
"""Displacements are drawn on a grid of 3 by 3 points."""


@lru_cache(maxsize=32)
def _bicubic(side: int) -> Array:
    """Returns the weights, (side, GRID), of cubic interpolation between points over the side."""
    positions = np.linspace(0, GRID - 1, side)
    return np.stack(
        [map_coordinates(point, [positions], order=3, mode="mirror") for point in np.eye(GRID)],
        axis=1,
    )


def elastic_field(shape: Sequence[int], sigma: float, *, rng: np.random.Generator) -> Array:
    """Draws smooth displacements: normal at the points of a 3 by 3 grid, bicubic between.

    Args:
        shape: Height and width.
        sigma: Standard deviation at the grid's points, pixels (Ronneberger et al.: 10).
        rng: Source of the draws.

    Returns:
        Displacements in pixels, (2, height, width).

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import elastic_field
        >>> elastic_field((4, 6), 10.0, rng=np.random.default_rng(0)).shape
        (2, 4, 6)
    """
    rows, columns = (_bicubic(side) for side in shape)
    grid = rng.normal(0, sigma, (2, GRID, GRID))
    return np.asarray(rows @ grid @ columns.T)


def draw_coordinates(
    shape: Sequence[int],
    centre: Sequence[float],
    change: DeformationParams,
    *,
    rng: np.random.Generator,
) -> Array:
    """Draws the coordinates at which a deformed patch samples its image.

    Flip, rotation, scale and shift about the patch's centre, then the elastic field.

    Args:
        shape: Height and width of the patch.
        centre: Row and column of its centre in the image, pixels.
        change: Largest changes.
        rng: Source of the draws.

    Returns:
        Rows and columns in the image, (2, height, width).

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import DeformationParams, draw_coordinates
        >>> change = DeformationParams(
        ...     displacement=0, degrees=0, scale=0, shift=0, flips=False,
        ...     gain=0, offset=0, gamma=0, noise=0,
        ... )
        >>> rows, columns = draw_coordinates((1, 3), (5, 5), change, rng=np.random.default_rng(0))
        >>> rows.tolist(), columns.tolist()
        ([[5.0, 5.0, 5.0]], [[4.0, 5.0, 6.0]])
    """
    angle = np.deg2rad(rng.uniform(-change.degrees, change.degrees))
    scale = 1 + rng.uniform(-change.scale, change.scale)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[cos, -sin], [sin, cos]])
    if change.flips and rng.random() < 0.5:
        matrix[:, 0] *= -1
    rows, columns = (np.arange(side) - (side - 1) / 2 for side in shape)
    grid = np.stack(np.meshgrid(rows, columns, indexing="ij"))
    elastic = elastic_field(shape, change.displacement, rng=rng)
    deformed = np.einsum("ij,jhw->ihw", matrix, grid) + elastic
    origin = np.array(centre) + rng.uniform(-change.shift, change.shift, 2)
    return np.asarray(deformed + origin[:, None, None])


def deform(image: Array, weights: Array, labels: Array, coordinates: Array) -> tuple[Array, ...]:
    """Samples image, weights and labels at the same coordinates; edges are mirrored.

    Args:
        image: (height, width); interpolated linearly.
        weights: (height, width); interpolated linearly.
        labels: (height, width); the nearest value is taken.
        coordinates: Rows and columns, (2, patch height, patch width), pixels.

    Returns:
        Image and weights, float32, and labels in their type, each (patch height, patch width).

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import deform
        >>> image = np.array([[0.0, 1.0, 4.0]])
        >>> coordinates = np.array([[[0.0, 0.0]], [[0.5, 1.0]]])
        >>> deform(image, image, image, coordinates)[0].tolist()
        [[0.5, 1.0]]
    """
    return (
        map_coordinates(image, coordinates, order=1, mode="mirror", output=np.float32),
        map_coordinates(weights, coordinates, order=1, mode="mirror", output=np.float32),
        map_coordinates(labels, coordinates, order=0, mode="mirror"),
    )


def jitter_intensity(image: Array, change: DeformationParams, *, rng: np.random.Generator) -> Array:
    """Changes contrast, brightness and gamma of an image at random, and adds noise.

    Gamma acts on values in (0, 1); others stay as they are.

    Args:
        image: Normalised grey values of any shape.
        change: Largest changes.
        rng: Source of the draws.

    Returns:
        The changed image, float32.

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import DeformationParams, jitter_intensity
        >>> change = DeformationParams(
        ...     displacement=0, degrees=0, scale=0, shift=0, flips=False,
        ...     gain=0, offset=0, gamma=0, noise=0,
        ... )
        >>> jitter_intensity(np.array([0.0, 0.5, 1.0]), change, rng=np.random.default_rng(0))
        array([0. , 0.5, 1. ], dtype=float32)
    """
    exponent = 2.0 ** rng.uniform(-change.gamma, change.gamma)
    gain = 1 + rng.uniform(-change.gain, change.gain)
    offset = rng.uniform(-change.offset, change.offset)
    noise = rng.uniform(0, change.noise)
    curved = np.where((image > 0) & (image < 1), np.abs(image) ** exponent, image)
    grain = noise * rng.standard_normal(image.shape, np.float32) if noise else 0
    return np.asarray(gain * curved + offset + grain, np.float32)

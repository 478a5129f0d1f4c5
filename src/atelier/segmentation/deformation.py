"""Random elastic deformation of training images (Ronneberger et al. 2015, § 3.1)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated

import numpy as np
from pydantic import Field
from scipy.ndimage import map_coordinates

from atelier.params import Params
from atelier.types import Array

GRID = 3  # displacements are drawn on a 3 by 3 grid


class DeformationParams(Params):
    """The changes of a training image; all zero and False leaves it alone."""

    displacement: Annotated[float, Field(ge=0, description="σ of the elastic grid, pixels")]
    degrees: Annotated[float, Field(ge=0, le=180, description="largest rotation")]
    scale: Annotated[float, Field(ge=0, lt=1, description="largest change of size, as a share")]
    shift: Annotated[float, Field(ge=0, description="largest shift, pixels")]
    flips: bool
    gain: Annotated[float, Field(ge=0, lt=1, description="largest change of contrast, as a share")]
    offset: Annotated[float, Field(ge=0, description="largest change of brightness")]
    gamma: Annotated[float, Field(ge=0, description="largest change of log2 of the exponent")]
    noise: Annotated[float, Field(ge=0, description="largest σ of added noise")]


@lru_cache(maxsize=32)
def _bicubic(side: int) -> Array:
    """Weights, (side, GRID), of cubic interpolation from grid points that span the side."""
    at = np.linspace(0, GRID - 1, side)
    points = np.eye(GRID)
    return np.stack([map_coordinates(point, [at], order=3, mode="mirror") for point in points], 1)


def elastic_field(shape: Sequence[int], sigma: float, *, rng: np.random.Generator) -> Array:
    """Displacements in pixels, (2, height, width): a 3x3 grid of normal ones, bicubic between.

    Args:
        shape: Height and width.
        sigma: Standard deviation of the grid's displacements, in pixels (the paper: 10).
        rng: Where they are drawn from.
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
    """Where each pixel of a patch of ``shape`` about ``centre`` is looked up, (2, height, width).

    Flip, rotation, size and shift about the patch's centre, then the elastic field.
    """
    angle = np.deg2rad(rng.uniform(-change.degrees, change.degrees))
    size = 1 + rng.uniform(-change.scale, change.scale)
    cos, sin = size * np.cos(angle), size * np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]])
    if change.flips and rng.random() < 0.5:
        turn[:, 0] *= -1
    middle = (np.array(shape) - 1) / 2
    grid = np.stack(
        np.meshgrid(
            *(np.arange(side) - m for side, m in zip(shape, middle, strict=True)), indexing="ij"
        )
    )
    moved = np.einsum("ij,jhw->ihw", turn, grid) + elastic_field(
        shape, change.displacement, rng=rng
    )
    start = np.array(centre) + rng.uniform(-change.shift, change.shift, 2)
    return np.asarray(moved + start[:, None, None])


def deform(image: Array, weights: Array, labels: Array, coordinates: Array) -> tuple[Array, ...]:
    """The three looked up at the same coordinates; beyond the edge they are mirrored.

    Image, (height, width), and weights are interpolated linearly, labels take the nearest.
    """
    return (
        map_coordinates(image, coordinates, order=1, mode="mirror", output=np.float32),
        map_coordinates(weights, coordinates, order=1, mode="mirror", output=np.float32),
        map_coordinates(labels, coordinates, order=0, mode="mirror"),
    )


def jitter_intensity(image: Array, change: DeformationParams, *, rng: np.random.Generator) -> Array:
    """The image, float32, with another contrast, brightness and exponent, and with noise.

    The exponent acts on what lies in [0, 1]; values outside keep their sign and size.
    """
    exponent = 2.0 ** rng.uniform(-change.gamma, change.gamma)
    gain = 1 + rng.uniform(-change.gain, change.gain)
    offset = rng.uniform(-change.offset, change.offset)
    noise = rng.uniform(0, change.noise)
    bent = np.where((image > 0) & (image < 1), np.abs(image) ** exponent, image)
    grain = noise * rng.standard_normal(image.shape, np.float32) if noise else 0
    return np.asarray(gain * bent + offset + grain, np.float32)

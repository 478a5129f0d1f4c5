"""Glyphs: characters rendered from open fonts and randomly distorted. They are not EMNIST.

No package contains EMNIST, so the embedded sample of its 47 classes is drawn with the fonts that
ship with matplotlib, a random affine map and an elastic distortion (Simard, Steinkraus & Platt
2003), all from a single seed.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from atelier.types import Array, Images, Labels

FONTS = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSans-Oblique.ttf",
    "DejaVuSansMono.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSerif-Italic.ttf",
    "STIXGeneral.ttf",
    "STIXGeneralItalic.ttf",
    "cmr10.ttf",
    "cmss10.ttf",
    "cmtt10.ttf",
)
CITATION = "glyphs rendered by atelier from the fonts that ship with matplotlib"
SIDE = 28
"""Side of an image, pixels."""
LONGER_SIDE = 20
"""Longer side of a glyph within its image, pixels."""
FONT_SIZE = 96
"""Size in which a glyph is rendered before it is scaled down."""


def render_character(character: str, font: str) -> Array:
    """Renders a character as MNIST is prepared: its longer side 20 pixels, centred by mass.

    LeCun et al. (1998) describe the preparation.

    Returns:
        (28, 28) float32 in [0, 1].
    """
    face = _face(font)
    x0, y0, x1, y1 = (int(edge) for edge in face.getbbox(character))
    canvas = Image.new("L", (x1 - x0, y1 - y0))
    ImageDraw.Draw(canvas).text((-x0, -y0), character, fill=255, font=face)
    ink = canvas.crop(canvas.getbbox())
    scale = LONGER_SIDE / max(ink.size)
    size = (max(1, round(ink.width * scale)), max(1, round(ink.height * scale)))
    small = np.asarray(ink.resize(size, Image.Resampling.BOX), np.float32) / 255
    return _centred(small)


@cache
def _face(font: str) -> ImageFont.FreeTypeFont:
    path = Path(mpl.get_data_path(), "fonts", "ttf", font)
    return ImageFont.truetype(str(path), FONT_SIZE)


def _centred(ink: Array) -> Array:
    height, width = ink.shape
    row, column = ndimage.center_of_mass(ink)
    top = int(np.clip(round(SIDE / 2 - row), 0, SIDE - height))
    start = int(np.clip(round(SIDE / 2 - column), 0, SIDE - width))
    image = np.zeros((SIDE, SIDE), np.float32)
    image[top : top + height, start : start + width] = ink
    return image


def distort_elastically(
    images: Array, rng: np.random.Generator, *, alpha: float = 24.0, sigma: float = 4.0
) -> Array:
    """Applies a random affine map and an elastic distortion (Simard, Steinkraus & Platt 2003).

    The affine map rotates within 15 degrees, scales by 0.8 … 1.1, shears within 0.25 and shifts
    within 2 pixels. The elastic displacements are smoothed white noise in [-1, 1].

    Args:
        images: (n, height, width); each gets its own distortion.
        rng: Source of the random numbers.
        alpha: Factor of the displacements, pixels.
        sigma: Standard deviation of the Gaussian that smooths them, pixels.

    Returns:
        The distorted images, (n, height, width).
    """
    _, *shape = images.shape
    draws = [_draw_distortion(rng, shape) for _ in images]
    matrices, noise, shifts = (np.stack(parts) for parts in zip(*draws, strict=True))
    elastic = ndimage.gaussian_filter(noise, sigma, axes=(2, 3)) * alpha  # (n, 2, height, width)
    centre = ((np.array(shape) - 1) / 2)[:, None]
    grid = np.indices(shape).reshape(2, -1)
    source = (matrices @ (grid - centre) + centre + shifts).reshape(noise.shape) + elastic
    warped = [
        ndimage.map_coordinates(image, points, order=1)
        for image, points in zip(images, source, strict=True)
    ]
    return np.stack(warped)


def _draw_distortion(rng: np.random.Generator, shape: Sequence[int]) -> tuple[Array, Array, Array]:
    """Draws the matrix (2, 2), the noise (2, height, width) and the shift (2, 1) of an image."""
    angle, shear = rng.uniform(-0.26, 0.26), rng.uniform(-0.25, 0.25)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, 0], [shear, 1]]) @ np.diag(1 / rng.uniform(0.8, 1.1, 2))
    return matrix, rng.uniform(-1, 1, (2, *shape)), rng.uniform(-2, 2, (2, 1))


def draw_glyphs(characters: str, per_class: int, *, seed: int) -> tuple[Images, Labels]:
    """Draws randomly distorted glyphs, light on a dark ground as in MNIST.

    Args:
        characters: The classes.
        per_class: Number of glyphs of each character.
        seed: Seed of the random numbers.

    Returns:
        Images (n, 28, 28, 1) uint8 and labels (n,), in random order.

    Examples:
        >>> from atelier.data import draw_glyphs
        >>> images, labels = draw_glyphs("AB", 3, seed=0)
        >>> images.shape, sorted(labels.tolist())
        ((6, 28, 28, 1), [0, 0, 0, 1, 1, 1])
    """
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(characters)), per_class)
    fonts = rng.integers(len(FONTS), size=(len(characters), per_class))
    drawn = []
    for character, chosen in zip(characters, fonts, strict=True):
        plain = np.stack([render_character(character, font) for font in FONTS])
        drawn.append(distort_elastically(plain[chosen], rng))
    images = np.clip(np.concatenate(drawn) * 255, 0, 255).round().astype(np.uint8)[..., None]
    order = rng.permutation(len(labels))
    return images[order], labels[order].astype(np.int64)

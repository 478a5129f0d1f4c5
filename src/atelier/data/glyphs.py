"""Glyphs: characters rendered from open fonts, each bent a little. They are not EMNIST.

No package carries EMNIST, so the embedded sample of its 47 classes is drawn: the fonts that ship
with matplotlib, a random affine map and a smooth elastic displacement (Simard, Steinkraus & Platt
2003), all from one seed.
"""

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
HEIGHT = 20
RENDERED = 96


def render_character(character: str, font: str) -> Array:
    """One character, (28, 28) float32 in [0, 1], its larger side 20 pixels, its centre of mass
    in the middle: MNIST's own preparation (LeCun et al. 1998).
    """
    path = Path(mpl.get_data_path(), "fonts", "ttf", font)
    face = ImageFont.truetype(str(path), RENDERED)
    left, top, right, bottom = (int(edge) for edge in face.getbbox(character))
    canvas = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(canvas).text((-left, -top), character, fill=255, font=face)
    ink = canvas.crop(canvas.getbbox())
    scale = HEIGHT / max(ink.size)
    size = (max(1, round(ink.width * scale)), max(1, round(ink.height * scale)))
    small = np.asarray(ink.resize(size, Image.Resampling.BOX), np.float32) / 255
    return _centred(small)


def _centred(ink: Array) -> Array:
    height, width = ink.shape
    row, column = ndimage.center_of_mass(ink)
    top = int(np.clip(round(SIDE / 2 - row), 0, SIDE - height))
    left = int(np.clip(round(SIDE / 2 - column), 0, SIDE - width))
    image = np.zeros((SIDE, SIDE), np.float32)
    image[top : top + height, left : left + width] = ink
    return image


def distort_elastically(
    image: Array, rng: np.random.Generator, *, alpha: float = 24.0, sigma: float = 4.0
) -> Array:
    """The image, (height, width), under one random affine map and one elastic displacement.

    Rotation within 15 degrees, scales 0.8 … 1.1, shear within 0.25, shift within 2 pixels;
    displacements are white noise in [-1, 1] smoothed by ``sigma`` pixels and scaled by ``alpha``.
    """
    shape = np.array(image.shape)
    angle, shear = rng.uniform(-0.26, 0.26), rng.uniform(-0.25, 0.25)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, 0], [shear, 1]]) @ np.diag(1 / rng.uniform(0.8, 1.1, 2))
    noise = rng.uniform(-1, 1, (2, *shape))
    elastic = np.stack([ndimage.gaussian_filter(field, sigma) for field in noise]) * alpha
    centre = ((shape - 1) / 2)[:, None]
    grid = np.indices(image.shape).reshape(2, -1)
    source = matrix @ (grid - centre) + centre + rng.uniform(-2, 2, (2, 1))
    warped = ndimage.map_coordinates(image, source.reshape(2, *shape) + elastic, order=1)
    return np.asarray(warped)


def draw_glyphs(characters: str, per_class: int, *, seed: int) -> tuple[Images, Labels]:
    """``per_class`` glyphs of every character: images (n, 28, 28, 1) uint8, labels (n,).

    Light ink on dark ground, as in MNIST. The same seed gives the same glyphs.
    """
    rng = np.random.default_rng(seed)
    plain = [[render_character(character, font) for font in FONTS] for character in characters]
    labels = np.repeat(np.arange(len(characters)), per_class)
    fonts = rng.integers(len(FONTS), size=len(labels))
    drawn = [
        distort_elastically(plain[label][font], rng)
        for label, font in zip(labels, fonts, strict=True)
    ]
    images = np.clip(np.stack(drawn) * 255, 0, 255).round().astype(np.uint8)[..., None]
    order = rng.permutation(len(labels))
    return images[order], labels[order].astype(np.int64)

"""Two small sets of labelled pictures as folders of PNG, to try ``--params data=`` on.

``python -m atelier.data.user_data.examples digits my_digits`` writes scikit-learn's 1,797 digits of
8×8 pixels in grey, ``… shapes my_shapes`` draws squares, discs and triangles in red and in blue.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from atelier.types import Images

COLOURS = {"red": (214, 64, 69), "blue": (58, 110, 190)}
SHAPES = ("disc", "square", "triangle")
LARGEST = 16
"""Of a pixel of scikit-learn's digits."""


def write_digits(folder: Path) -> None:
    """Writes scikit-learn's digits as ``folder/<digit>/<number>.png``."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    grey = np.rint(images.reshape(-1, 8, 8) * (255 / LARGEST)).astype(np.uint8)
    for number, (image, label) in enumerate(zip(grey, labels, strict=True)):
        path = folder / str(label) / f"{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)


def draw_shape(shape: str, colour: str, *, side: int, rng: np.random.Generator) -> Images:
    """Draws a shape of random size and place on a grey background with noise.

    Args:
        shape: ``disc``, ``square`` or ``triangle``.
        colour: ``red`` or ``blue``.
        side: Height and width in pixels.
        rng: Source of the random numbers.

    Returns:
        (side, side, 3) uint8.
    """
    image = Image.new("RGB", (side, side), (int(rng.integers(90, 190)),) * 3)
    size = rng.uniform(0.35, 0.6) * side
    x, y = rng.uniform(1, side - size - 1, 2)
    draw, ends = ImageDraw.Draw(image), (x, y, x + size, y + size)
    if shape == "disc":
        draw.ellipse(ends, fill=COLOURS[colour])
    elif shape == "square":
        draw.rectangle(ends, fill=COLOURS[colour])
    else:
        draw.polygon([(x, y + size), (x + size, y + size), (x + size / 2, y)], fill=COLOURS[colour])
    noisy = np.asarray(image, np.float64) + rng.normal(0, 12, (side, side, 3))
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def write_shapes(folder: Path, *, each: int = 60, side: int = 32, seed: int = 0) -> None:
    """Draws ``folder/<colour shape>/<number>.png``, six classes in RGB.

    Args:
        folder: Is made where it is missing.
        each: Pictures of each class.
        side: Height and width in pixels.
        seed: Seed of sizes, places and noise.
    """
    rng = np.random.default_rng(seed)
    for colour in COLOURS:
        for shape in SHAPES:
            (folder / f"{colour} {shape}").mkdir(parents=True, exist_ok=True)
            for number in range(each):
                image = draw_shape(shape, colour, side=side, rng=rng)
                Image.fromarray(image).save(folder / f"{colour} {shape}" / f"{number:04d}.png")


def main(arguments: list[str]) -> None:
    """Writes the set that is named first into the folder that is named second."""
    writers = {"digits": write_digits, "shapes": write_shapes}
    if len(arguments) != 2 or arguments[0] not in writers:
        raise SystemExit(f"Expected digits FOLDER or shapes FOLDER. Received: {arguments}")
    writers[arguments[0]](Path(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])

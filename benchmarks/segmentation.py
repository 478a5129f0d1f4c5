"""Otsu, EM and border weights against scikit-image, OpenCV, scikit-learn and the definition.

`python benchmarks/segmentation.py [--tiny]`: seconds, ratios, and whether results are equal. OpenCV
is no dependency of this project; its row appears where `cv2` can be imported. Repeats take turns;
medians are printed. `--tiny` runs every measurement on small images, to check that all of it works.
"""

import argparse
import importlib
import statistics
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy.ndimage import distance_transform_edt
from skimage.filters import threshold_multiotsu
from sklearn.datasets import load_sample_image
from sklearn.mixture import GaussianMixture

from atelier.clustering import fit_mixture
from atelier.segmentation import border_weights
from atelier.thresholding import otsu_thresholds
from atelier.types import Array


class Grid(NamedTuple):
    """A square image of round cells: its side in pixels, and cells along the side."""

    side: int
    across: int


class Sizes(NamedTuple):
    """Sizes of all measurements."""

    repeats: int
    otsu_side: int
    otsu_classes: tuple[int, ...]
    em_shrink: int
    em_steps: int
    grids: tuple[Grid, ...]
    """The first is compared with the definition."""


GRIDS = tuple(Grid(side, across) for side in (512, 1024) for across in (12, 1, 2, 6, 24))
FULL = Sizes(5, 1024, (3, 4, 5), 1, 20, GRIDS)
TINY = Sizes(1, 64, (3,), 16, 2, (Grid(48, 2), Grid(64, 4)))


def seconds(call: Callable[[], Any]) -> float:
    """Returns how long a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def print_times(
    name: str,
    ours: Callable[[], Any],
    peers: dict[str, Callable[[], Any]],
    *,
    repeats: int,
    iterations: int = 1,
) -> None:
    """Prints medians of interleaved repeats, and each peer's time as a multiple of ours.

    Args:
        name: Of the measurement.
        ours: The call that is measured.
        peers: Calls that it is compared with, by name.
        repeats: Of every call; two for calls of more than 3 s.
        iterations: That a call makes; times are of one iteration.
    """
    calls = {"ours": ours} | peers
    for call in calls.values():
        call()
    slow = max(seconds(call) for call in calls.values()) > 3
    times: dict[str, list[float]] = {key: [] for key in calls}
    for _ in range(min(2, repeats) if slow else repeats):
        for key, call in calls.items():
            times[key].append(seconds(call) / iterations)
    medians = {key: statistics.median(values) for key, values in times.items()}
    columns = [f"{name:34} ours {1e3 * medians['ours']:9.2f} ms"]
    columns += [
        f"{peer} {1e3 * medians[peer]:9.2f} ms ({medians[peer] / medians['ours']:.1f}x)"
        for peer in peers
    ]
    print("   ".join(columns), flush=True)


def measure_otsu(sizes: Sizes) -> None:
    """Measures thresholds of images of 1 and 16 megapixels."""
    rng, side = np.random.default_rng(0), sizes.otsu_side
    means = rng.choice([40, 90, 130, 180, 220], (side, side))
    byte = rng.normal(means, 12).clip(0, 255).astype(np.uint8)
    wide = (byte.astype(np.uint16) << 8) + rng.integers(0, 256, byte.shape).astype(np.uint16)
    measure = partial(print_times, repeats=sizes.repeats)
    for classes in sizes.otsu_classes:
        peer = partial(threshold_multiotsu, byte, classes)
        equal = np.array_equal(otsu_thresholds(byte, classes=classes), peer())
        measure(
            f"Otsu, {classes} classes, {side}², 8 bit, {'equal' if equal else 'DIFFERENT'}",
            partial(otsu_thresholds, byte, classes=classes),
            {"scikit-image": peer},
        )
    measure(f"Otsu, 3 classes, {side}², 16 bit", partial(otsu_thresholds, wide, classes=3), {})
    large = np.tile(byte, (4, 4))
    measure(f"Otsu, 2 classes, {4 * side}², 8 bit", partial(otsu_thresholds, large), opencv(large))


def opencv(image: Array) -> dict[str, Callable[[], Any]]:
    """Returns OpenCV's threshold on two threads, where it is installed; it also binarizes."""
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError:
        return {}
    cv2.setNumThreads(2)
    return {"OpenCV": partial(cv2.threshold, image, 0, 255, cv2.THRESH_OTSU)}


def measure_em(sizes: Sizes) -> None:
    """Measures an iteration on the colours of china.jpg, 5 components, from the same means."""
    image = load_sample_image("china.jpg")[:: sizes.em_shrink, :: sizes.em_shrink]
    pixels = image.reshape(-1, 3).astype(np.float64)
    colours, counts = np.unique(pixels, axis=0, return_counts=True)
    start = colours[np.random.default_rng(0).choice(len(colours), 5, replace=False)]
    steps = sizes.em_steps
    print_times(
        f"EM, {len(pixels):,} pixels, an iteration",
        partial(fit_mixture, colours, 5, init=start, sample_weight=counts, tol=0, max_iter=steps),
        {"scikit-learn": lambda: mixture_peer(steps).fit(pixels)},
        repeats=sizes.repeats,
        iterations=steps,
    )
    theirs = mixture_peer(20 * steps, tol=1e-6, start=start).fit(pixels)
    ours = fit_mixture(colours, 5, init=theirs.means_, sample_weight=counts, tol=1e-6)
    likelihood = theirs.score(pixels) * len(pixels)
    print(
        f"{'':34} log-likelihood: ours {ours.log_likelihood:,.0f}, scikit-learn {likelihood:,.0f}"
    )


def mixture_peer(steps: int, tol: float = 0.0, start: Array | None = None) -> Any:
    """Returns scikit-learn's mixture without its warning that it has not converged."""
    warnings.simplefilter("ignore")
    return GaussianMixture(
        5, tol=tol, max_iter=steps, init_params="k-means++", means_init=start, random_state=0
    )


def measure_border_weights(sizes: Sizes) -> None:
    """Measures how time grows with cells and with pixels, and the difference to the definition."""
    for index, (side, across) in enumerate(sizes.grids):
        labels = discs(side, across)
        print_times(
            f"border weights, {side}², {across**2} cells",
            partial(border_weights, labels),
            {"a map per cell": partial(one_map_per_cell, labels)} if index == 0 else {},
            repeats=sizes.repeats,
        )
    labels = discs(*sizes.grids[0])
    difference = np.abs(border_weights(labels) - one_map_per_cell(labels)).max()
    print(f"{'':34} largest difference {difference:.1e}")


def discs(side: int, across: int) -> Array:
    """Returns labels of round cells on a square grid, about a third of the pitch in radius."""
    pitch = side / across
    y, x = np.mgrid[:side, :side]
    row, column = (y // pitch).astype(int), (x // pitch).astype(int)
    distance = np.hypot(y - (row + 0.5) * pitch, x - (column + 0.5) * pitch)
    return np.where(distance < 0.32 * pitch, row * across + column + 1, 0)


def one_map_per_cell(labels: Array) -> Array:
    """Computes border weights by their definition, from a distance map of each cell."""
    first = np.full(labels.shape, np.inf)
    second = first.copy()
    for cell in range(1, int(labels.max()) + 1):
        distance = distance_transform_edt(labels != cell)
        second = np.minimum(second, np.maximum(first, distance))
        first = np.minimum(first, distance)
    return np.where(labels > 0, 0, 10 * np.exp(-((first + second) ** 2) / 50))


def main() -> None:
    """Runs all measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="small images, one repeat")
    sizes = TINY if parser.parse_args().tiny else FULL
    measure_otsu(sizes)
    measure_em(sizes)
    measure_border_weights(sizes)


if __name__ == "__main__":
    main()

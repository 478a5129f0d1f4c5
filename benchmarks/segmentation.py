"""Otsu, EM and border weights against scikit-image, OpenCV, scikit-learn and the definition.

`python benchmarks/segmentation.py`: seconds, ratios, and equal results. OpenCV is no dependency
of this project; its row appears where `cv2` can be imported. Repeats take turns; medians.
`--tiny`: small pictures.
"""

import argparse
import importlib
import statistics
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.ndimage import distance_transform_edt
from skimage.filters import threshold_multiotsu
from sklearn.datasets import load_sample_image
from sklearn.mixture import GaussianMixture

from atelier.clustering.mixture import fit_mixture
from atelier.segmentation.weight_map import border_weights
from atelier.thresholding.otsu import otsu_thresholds
from atelier.types import Array

REPEATS = 5
EM_STEPS = 20


def seconds(call: Callable[[], Any]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def race(
    name: str, ours: Callable[[], Any], peers: dict[str, Callable[[], Any]], per: int = 1
) -> None:
    """Print medians of interleaved repeats, and how many times faster ours is than each peer."""
    calls = {"ours": ours} | peers
    for call in calls.values():
        call()
    slow = max(seconds(call) for call in calls.values()) > 3
    times: dict[str, list[float]] = {key: [] for key in calls}
    for _ in range(2 if slow else REPEATS):
        for key, call in calls.items():
            times[key].append(seconds(call) / per)
    medians = {key: statistics.median(values) for key, values in times.items()}
    told = [f"{name:34} ours {1e3 * medians['ours']:9.2f} ms"]
    told += [
        f"{peer} {1e3 * medians[peer]:9.2f} ms ({medians[peer] / medians['ours']:.1f}x)"
        for peer in peers
    ]
    print("   ".join(told), flush=True)


def otsu(side: int = 1024) -> None:
    """Thresholds of 1 and 16 MPixel, or of a smaller square and 16 of it."""
    rng = np.random.default_rng(0)
    means = rng.choice([40, 90, 130, 180, 220], (side, side))
    byte = rng.normal(means, 12).clip(0, 255).astype(np.uint8)
    wide = (byte.astype(np.uint16) << 8) + rng.integers(0, 256, byte.shape).astype(np.uint16)
    for classes in (3,) if side < 1024 else (3, 4, 5):
        same = np.array_equal(
            otsu_thresholds(byte, classes=classes), threshold_multiotsu(byte, classes)
        )
        race(
            f"Otsu, {classes} classes, 1 MP, 8 bit, {'equal' if same else 'DIFFERENT'}",
            partial(otsu_thresholds, byte, classes=classes),
            {"scikit-image": partial(threshold_multiotsu, byte, classes)},
        )
    race("Otsu, 3 classes, 1 MP, 16 bit", lambda: otsu_thresholds(wide, classes=3), {})
    large = np.tile(byte, (4, 4))
    race("Otsu, 2 classes, 16 MP, 8 bit", lambda: otsu_thresholds(large), opencv(large))


def opencv(image: Array) -> dict[str, Callable[[], Any]]:
    """OpenCV's threshold on two threads, if it is there; it also makes the binary picture."""
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError:
        return {}
    cv2.setNumThreads(2)
    return {"OpenCV": lambda: cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)}


def em(every: int = 1) -> None:
    """One iteration on the colours of china.jpg, 5 components, from the same means.

    Only each ``every``-th pixel is used.
    """
    pixels = load_sample_image("china.jpg").reshape(-1, 3)[::every].astype(np.float64)
    colours, counts = np.unique(pixels, axis=0, return_counts=True)
    start = colours[np.random.default_rng(0).choice(len(colours), 5, replace=False)]
    race(
        f"EM, {len(pixels):,} pixels, an iteration",
        lambda: fit_mixture(colours, 5, init=start, sample_weight=counts, tol=0, max_iter=EM_STEPS),
        {"scikit-learn": lambda: peer(EM_STEPS).fit(pixels)},
        per=EM_STEPS,
    )
    theirs = peer(400 // every or 1, tol=1e-6, start=start).fit(pixels)
    ours = fit_mixture(colours, 5, init=theirs.means_, sample_weight=counts, tol=1e-6)
    told = theirs.score(pixels) * len(pixels)
    print(f"{'':34} log-likelihood: ours {ours.log_likelihood:,.0f}, scikit-learn {told:,.0f}")


def peer(steps: int, tol: float = 0.0, start: Array | None = None) -> Any:
    """scikit-learn's mixture, quiet about having been stopped."""
    warnings.simplefilter("ignore")
    return GaussianMixture(
        5, tol=tol, max_iter=steps, init_params="k-means++", means_init=start, random_state=0
    )


def weights(scale: int = 1) -> None:
    """512² with 144 round cells, and how time grows with cells and with pixels."""
    sizes = ((512, 12), (512, 6), (512, 24), (1024, 24))
    for side, across in [(side // scale, across // scale) for side, across in sizes]:
        labels = discs(side, across)
        peers: dict[str, Callable[[], Any]] = {"a map per cell": partial(one_map_per_cell, labels)}
        race(
            f"border weights, {side}², {across**2} cells",
            partial(border_weights, labels),
            peers if across == 12 // scale else {},
        )
    labels = discs(512 // scale, 12 // scale)
    worst = np.abs(border_weights(labels) - one_map_per_cell(labels)).max()
    print(f"{'':34} largest difference {worst:.1e}")


def discs(side: int, across: int) -> Array:
    """Round cells on a square grid, a quarter of the pitch in radius."""
    pitch = side / across
    y, x = np.mgrid[:side, :side]
    row, column = (y // pitch).astype(int), (x // pitch).astype(int)
    off = np.hypot(y - (row + 0.5) * pitch, x - (column + 0.5) * pitch)
    return np.where(off < 0.32 * pitch, row * across + column + 1, 0)


def one_map_per_cell(labels: Array) -> Array:
    """The definition, two nearest kept as the maps come."""
    first = np.full(labels.shape, np.inf)
    second = first.copy()
    for cell in range(1, int(labels.max()) + 1):
        distance = distance_transform_edt(labels != cell)
        second = np.minimum(second, np.maximum(first, distance))
        first = np.minimum(first, distance)
    return np.where(labels > 0, 0, 10 * np.exp(-((first + second) ** 2) / 50))


def main() -> None:
    """Measure all three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="small pictures")
    tiny = parser.parse_args().tiny
    otsu(64 if tiny else 1024)
    em(500 if tiny else 1)
    weights(6 if tiny else 1)


if __name__ == "__main__":
    main()

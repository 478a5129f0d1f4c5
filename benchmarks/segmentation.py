"""Otsu, EM and border weights against scikit-image, OpenCV, scikit-learn and the definition.

`python benchmarks/segmentation.py [--peers PYTHON]`: seconds, ratios, and whether results are
equal. PYTHON is by default this project's interpreter, which has scikit-image and scikit-learn but
not OpenCV. Calls take turns; medians are printed. `--tiny` runs every measurement on small images,
to check that all of it works.
"""

import statistics
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from peers.process import PeerProcess, largest_difference
from rows import Row, benchmark_parser, require_agreement, seconds_of, take_turns, write_rows
from scipy.ndimage import distance_transform_edt
from sklearn.datasets import load_sample_image

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

    otsu_side: int
    otsu_classes: tuple[int, ...]
    em_shrink: int
    em_steps: int
    grids: tuple[Grid, ...]
    """The first is compared with the definition."""


GRIDS = tuple(Grid(side, across) for side in (512, 1024) for across in (12, 1, 2, 6, 24))
FULL = Sizes(1024, (3, 4, 5), 1, 20, GRIDS)
TINY = Sizes(64, (3,), 16, 2, (Grid(48, 2), Grid(64, 4)))


LIKELIHOOD = 1e-4
"""Largest relative difference of two log-likelihoods of converged EM."""
WEIGHTS = 1e-6
"""Largest difference of border weights, of 10 at most, to their definition."""


def print_row(row: Row, title: str, remark: str = "") -> Row:
    """Prints milliseconds and the peer's multiple, and returns the row with the title."""
    line = f"{title + remark:34} ours {1e3 * row.seconds:9.2f} ms"
    if row.peer:
        theirs = 1e3 * statistics.median(row.theirs)
        line += f"   {row.peer} {theirs:9.2f} ms ({row.ratio:.1f}x)"
    print(line, flush=True)
    return replace(row, name=title)


def measure_otsu(sizes: Sizes, peers: PeerProcess, byte: Array, repeats: int) -> list[Row]:
    """Measures thresholds of images of 1 and 16 megapixels; they must equal the peers'."""
    side = sizes.otsu_side
    noise = np.random.default_rng(1).integers(0, 256, byte.shape).astype(np.uint16)
    wide, large = (byte.astype(np.uint16) << 8) + noise, np.tile(byte, (4, 4))

    def measure(name: str, title: str, image: Array, classes: int) -> Row:
        call = partial(otsu_thresholds, image, classes=classes)
        row = peers.compare(name, call, repeats=repeats, tolerance=0).row
        return print_row(row, title, ", equal" if row.peer else "")

    return [
        *(
            measure(f"otsu {classes}", f"Otsu, {classes} classes, {side}², 8 bit", byte, classes)
            for classes in sizes.otsu_classes
        ),
        measure("otsu wide", f"Otsu, 3 classes, {side}², 16 bit", wide, 3),
        measure("otsu large", f"Otsu, 2 classes, {4 * side}², 8 bit", large, 2),
    ]


def five_modes(side: int) -> Array:
    """Returns a byte image of five overlapping modes."""
    rng = np.random.default_rng(0)
    means = rng.choice([40, 90, 130, 180, 220], (side, side))
    return rng.normal(means, 12).clip(0, 255).astype(np.uint8)


class Colours(NamedTuple):
    """The colours of china.jpg, and five of them as the first means."""

    pixels: Array
    colours: Array
    counts: Array
    start: Array


def china(shrink: int) -> Colours:
    """Reads the colours of every so many pixels along both axes."""
    image = load_sample_image("china.jpg")[::shrink, ::shrink]
    pixels = image.reshape(-1, 3).astype(np.float64)
    colours, counts = np.unique(pixels, axis=0, return_counts=True)
    start = colours[np.random.default_rng(0).choice(len(colours), 5, replace=False)]
    return Colours(pixels, colours, counts, start)


def measure_em(sizes: Sizes, peers: PeerProcess, data: Colours, repeats: int) -> Row:
    """Measures an iteration of 5 components; from the peer's optimum it must find the same one."""
    steps = sizes.em_steps
    fit = partial(fit_mixture, data.colours, 5, sample_weight=data.counts)

    def iterate() -> Array:
        return fit(init=data.start, tol=0, max_iter=steps).means

    row = peers.compare("em", iterate, repeats=repeats, tolerance=None).row
    title = f"EM, {len(data.pixels):,} pixels, an iteration"
    row = replace(row, ours=[seconds / steps for seconds in row.ours])
    if not row.peer:
        return print_row(row, title)
    _, converged = peers.call("em converged")
    likelihood = fit(init=converged[:-1].reshape(-1, 3), tol=1e-6).log_likelihood
    row = replace(
        row,
        theirs=[seconds / steps for seconds in row.theirs],
        compared="relative difference of log-likelihoods",
        difference=abs(likelihood / converged[-1] - 1),
        tolerance=LIKELIHOOD,
    )
    require_agreement(row)
    row = print_row(row, title)
    print(f"{'':34} log-likelihood: ours {likelihood:,.0f}, scikit-learn {converged[-1]:,.0f}")
    return row


def measure_border_weights(sizes: Sizes, repeats: int) -> list[Row]:
    """Measures how time grows with cells and with pixels, and the difference to the definition."""
    rows = []
    for index, (side, across) in enumerate(sizes.grids):
        labels = discs(side, across)
        ours, peer = partial(border_weights, labels), partial(one_map_per_cell, labels)
        title = f"border weights, {side}², {across**2} cells"
        if index == 0:
            difference = largest_difference(ours(), peer())
            row = Row(title, [], "a map per cell", [], "largest difference", difference, WEIGHTS)
            require_agreement(row)
            turns = take_turns(repeats, partial(seconds_of, ours), partial(seconds_of, peer))
            row = replace(row, ours=turns[0], theirs=turns[1])
        else:
            row = Row(title, take_turns(repeats, partial(seconds_of, ours))[0])
        rows.append(print_row(row, title))
    print(f"{'':34} largest difference {rows[0].difference:.1e}")
    return rows


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
    options = benchmark_parser(__doc__, repeats=5).parse_args()
    sizes = TINY if options.tiny else FULL
    byte, data = five_modes(sizes.otsu_side), china(sizes.em_shrink)
    inputs = {"byte": byte, "classes": sizes.otsu_classes, "pixels": data.pixels}
    inputs |= {"start": data.start, "steps": sizes.em_steps}
    with PeerProcess(options.peers, "segmentation", inputs) as peers:
        rows = measure_otsu(sizes, peers, byte, options.repeats)
        rows.append(measure_em(sizes, peers, data, options.repeats))
    rows += measure_border_weights(sizes, options.repeats)
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()

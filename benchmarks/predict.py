"""Pictures that `predict` labels a second, and the memory that it takes, by their number.

`python benchmarks/predict.py [pictures …] [--tiny]`: draws folders of 28 × 28 PNG files, labels
each in a process of its own by the blog's network with temperature and density, and prints pictures
a second, the rate of the network alone on an array (the limit), their ratio, and by how much the
process' peak memory grew after the first part of 1,024 pictures. `--tiny`: 30 and 60 pictures in
parts of 10.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image
from rows import Row, benchmark_parser, write_rows

from atelier.datasets.predictions import PredictionFolder
from atelier.prediction.application import label_pictures
from atelier.prediction.executors import choose_executor
from atelier.prediction.model import InputRule, ServedModel
from atelier.prediction.sources import PictureSource, open_pictures

SHAPE = (28, 28, 1)
CLASSES = tuple("0123456789")
KIB_IN_MIB = 1024
"""Linux gives the peak of a process' memory in KiB, macOS in bytes."""


def draw_pictures(folder: Path, count: int) -> None:
    """Writes pictures of coarse random patches, which PNG compresses about as well as digits."""
    rng = np.random.default_rng(0)
    for number in range(count):
        patches = rng.integers(0, 255, (7, 7), np.uint8) * (rng.random((7, 7)) < 0.3)
        Image.fromarray(np.kron(patches, np.ones((4, 4), np.uint8)).astype(np.uint8)).save(
            folder / f"{number:07d}.png", compress_level=1
        )


def make_model(folder: Path) -> ServedModel:
    """Returns the blog's network, untrained, with a temperature and a density of its logits."""
    from atelier.calibration.density import DensityModel
    from atelier.calibration.serving import calibrated_model
    from atelier.training.networks import two_layer_cnn
    from atelier.training.prediction import predict_logits
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(0, 2)
    network = two_layer_cnn(len(CLASSES), shape=SHAPE, dropout=0.5)
    images = np.random.default_rng(0).integers(0, 255, (500, *SHAPE), np.uint8)
    logits = predict_logits(network, images)
    density = DensityModel("tied").fit(logits, np.arange(500) % 10)
    density = density.set_rejection(logits, quantile=0.02)
    model = calibrated_model(network, temperature=2.0, density=density)
    path = folder / "model.keras"
    model.save(path)
    return ServedModel("benchmark", "1", "newest", CLASSES, InputRule(SHAPE), path.read_bytes())


def peak_memory() -> float:
    """Returns the largest resident memory of this process so far in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / KIB_IN_MIB / (KIB_IN_MIB if sys.platform == "darwin" else 1)


def first(source: PictureSource, count: int) -> PictureSource:
    """Returns the first pictures of a source."""
    return PictureSource(source.path, count, lambda: islice(source.read(), count))


def measure(count: int, part: int) -> dict[str, float]:
    """Labels a folder of pictures; returns rates in pictures a second, and MiB."""
    with tempfile.TemporaryDirectory() as name:
        folder, pictures = Path(name), Path(name) / "pictures"
        pictures.mkdir()
        draw_pictures(pictures, count)
        model, executor = make_model(folder), choose_executor(None)
        source = open_pictures(pictures)

        def label(some: PictureSource, into: str) -> float:
            began = time.perf_counter()
            store = PredictionFolder(folder / into, active=False)
            label_pictures(some, model, store, executor, part=part, threads=2)
            return time.perf_counter() - began

        label(first(source, part), "warm")
        before = peak_memory()
        seconds = label(source, "whole")
        grown = peak_memory() - before
        images = np.zeros((min(count, 10 * part), *SHAPE), np.uint8)
        began = time.perf_counter()
        model.predict(images, 2)
        limit = len(images) / (time.perf_counter() - began)
    return {"rate": count / seconds, "limit": limit, "grown": grown}


def measure_apart(count: int, part: int) -> dict[str, float]:
    """Measures in a process of its own."""
    command = [sys.executable, __file__, str(count), str(part), "--worker"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    measured: dict[str, float] = json.loads(output.splitlines()[-1])
    return measured


def main() -> None:
    """Measures each number of pictures in a process of its own, and prints a row for it."""
    parser = benchmark_parser(__doc__, repeats=1)
    parser.add_argument("pictures", type=int, nargs="*", default=[1_000, 20_000])
    parser.add_argument("--worker", action="store_true", help="measure here, and print JSON")
    options = parser.parse_args()
    counts, part = ([30, 60], 10) if options.tiny else (options.pictures, 1024)
    if options.worker:
        print(json.dumps(measure(options.pictures[0], options.pictures[1])))
        return
    rows = []
    for count in counts:
        turns = [measure_apart(count, part) for _ in range(options.repeats)]
        medians = {key: statistics.median(turn[key] for turn in turns) for key in turns[0]}
        print(
            f"{count:>9,} pictures  {medians['rate']:7,.0f} a second  network alone "
            f"{medians['limit']:7,.0f}  share {medians['rate'] / medians['limit']:.2f}  "
            f"memory + {medians['grown']:.0f} MiB",
            flush=True,
        )
        ours, theirs = ([1 / turn[key] for turn in turns] for key in ("rate", "limit"))
        name = f"a picture of {count:,}"
        numbers = {"memory grown, MiB": medians["grown"]}
        rows.append(Row(name, ours, "the network alone", theirs, numbers=numbers))
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()

"""Training images a second of one U-Net: ours (Keras on TensorFlow) and PyTorch's.

`python benchmarks/unet.py [--peers PYTHON] [--tiny]`, where PYTHON is an interpreter that has
torch, which is no dependency of this project; without it only this project is measured. 256²
images, 16 filters, depth 4, batch 1, SGD with momentum 0.99, two threads. Each program runs in its
own process; turns alternate; prints medians.
`--tiny` runs a small network for a few steps, to check that all of it works.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from rows import Row, benchmark_parser, package_version, require_agreement, write_rows


class Sizes(NamedTuple):
    """Sizes of the network, its images and the measurement."""

    side: int
    filters: int
    depth: int
    steps: int


FULL = Sizes(side=256, filters=16, depth=4, steps=12)
TINY = Sizes(side=32, filters=2, depth=2, steps=2)


def print_rate(step: Callable[[], Any], parameters: int, steps: int) -> None:
    """Runs the steps and prints images a second, and CPU seconds a second, as JSON."""
    for _ in range(3):
        step()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(steps):
        step()
    wall = time.perf_counter() - wall
    cores = (time.process_time() - cpu) / wall
    print(json.dumps({"images": steps / wall, "cores": cores, "parameters": parameters}))


def measure_ours(sizes: Sizes) -> None:
    """Measures the project's trainer on a patch that is drawn beforehand."""
    import numpy as np

    from atelier.segmentation.params import (
        BorderParams,
        DeformationParams,
        SegmenterParams,
        UnetParams,
    )
    from atelier.segmentation.patches import Batch
    from atelier.segmentation.training import UnetTrainer, build_unet
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(0, 2)
    params = SegmenterParams(
        network=UnetParams(filters=sizes.filters, depth=sizes.depth, padding="same", dropout=0.0),
        weights=BorderParams(w0=10.0, sigma=5.0, balance=False, gaps=True),
        deformation=DeformationParams(
            displacement=0,
            degrees=0,
            scale=0,
            shift=0,
            flips=False,
            gain=0,
            offset=0,
            gamma=0,
            noise=0,
        ),
        optimizer="sgd",
        learning_rate=0.01,
        momentum=0.99,
        clip=1e9,
        warmup=0.0,
        batch_size=1,
        patch=sizes.side,
        steps=1000,
        report_every=1000,
        seed=0,
        threads=2,
    )
    model = build_unet(params)
    trainer, rng = UnetTrainer(model, params), np.random.default_rng(0)
    shape = (1, sizes.side, sizes.side)
    image = rng.random((*shape, 1), np.float32)
    target = rng.integers(0, 2, shape).astype(np.int32)
    batch = Batch(image, target, np.ones(shape, np.float32))
    print_rate(lambda: trainer.learn(batch), model.count_params(), sizes.steps)


def measure_torch(sizes: Sizes, *, channels_last: bool) -> None:
    """Measures the same network, loss and optimizer in PyTorch, eager."""
    import importlib

    torch: Any = importlib.import_module("torch")
    nn, functional = torch.nn, torch.nn.functional
    torch.set_num_threads(2)

    def block(before: int, after: int) -> Any:
        first, second = (nn.Conv2d(n, after, 3, padding=1) for n in (before, after))
        return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())

    filters, depth, side = sizes.filters, sizes.depth, sizes.side
    widths = [filters << level for level in range(depth + 1)]
    down = nn.ModuleList([block(a, b) for a, b in zip([1, *widths[:-2]], widths[:-1], strict=True)])
    bottom = block(widths[-2], widths[-1])
    rise = nn.ModuleList([nn.ConvTranspose2d(2 * w, w, 2, 2) for w in widths[:-1]])
    up = nn.ModuleList([block(2 * w, w) for w in widths[:-1]])
    parts = nn.ModuleList([down, bottom, rise, up, nn.Conv2d(filters, 2, 1)])

    def forward(x: Any) -> Any:
        skips = []
        for level in down:
            skips.append(level(x))
            x = functional.max_pool2d(skips[-1], 2)
        x = bottom(x)
        for level in reversed(range(depth)):
            x = up[level](torch.cat([skips[level], rise[level](x)], 1))
        return parts[4](x)

    image, target = torch.rand(1, 1, side, side), torch.randint(0, 2, (1, side, side))
    if channels_last:
        parts.to(memory_format=torch.channels_last)
        image = image.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(parts.parameters(), 0.01, momentum=0.99)

    def step() -> None:
        optimizer.zero_grad()
        losses = functional.cross_entropy(forward(image), target, reduction="none")
        (losses * 1.0).mean().backward()
        optimizer.step()

    print_rate(step, sum(p.numel() for p in parts.parameters()), sizes.steps)


OURS, TORCH, CHANNELS_LAST = "ours", "torch", "torch, channels last"
WORKERS = (OURS, TORCH, CHANNELS_LAST)


def measure(worker: str, sizes: Sizes) -> None:
    """Measures one of the programs in this process."""
    if worker == OURS:
        measure_ours(sizes)
    else:
        measure_torch(sizes, channels_last=worker == CHANNELS_LAST)


def as_rows(results: dict[str, list[dict[str, float]]], torch: str) -> list[Row]:
    """Returns a row for each program beside this one, or this one's alone."""
    seconds = {name: [1 / turn["images"] for turn in turns] for name, turns in results.items()}
    parameters = {name: turns[0]["parameters"] for name, turns in results.items()}
    title, ours = f"an image of a U-Net of {parameters[OURS]:,} parameters", seconds.pop(OURS)
    if not seconds:
        return [Row(title, ours)]
    rows = []
    for name, theirs in seconds.items():
        difference = abs(parameters[name] - parameters[OURS])
        peer = name.replace("torch", f"torch {torch}")
        rows.append(Row(title, ours, peer, theirs, "numbers of parameters", difference, 0.0))
        require_agreement(rows[-1])
    return rows


def main() -> None:
    """Runs the programs in turns, each in its own process, and prints medians."""
    parser = benchmark_parser(__doc__, repeats=3)
    parser.add_argument("--worker", choices=WORKERS)
    options = parser.parse_args()
    sizes = TINY if options.tiny else FULL
    if options.worker:
        measure(options.worker, sizes)
        return
    repeats = 1 if options.tiny else options.repeats
    torch = package_version(options.peers, "torch")
    names = WORKERS if torch else WORKERS[:1]
    results: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    for _ in range(repeats):
        for name in names:
            python = sys.executable if name == OURS else options.peers
            command = [python, __file__, "--worker", name, *["--tiny"] * options.tiny]
            process = subprocess.run(
                command, capture_output=True, text=True, check=True, env=environment
            )
            results[name].append(json.loads(process.stdout.splitlines()[-1]))
    for name, rows in results.items():
        images, cores = (statistics.median(row[key] for row in rows) for key in ("images", "cores"))
        size = int(rows[0]["parameters"])
        print(f"{name:22} {images:5.2f} images/s   {cores:.2f} cores   {size:,} parameters")
    write_rows(options.json, as_rows(results, torch))


if __name__ == "__main__":
    main()

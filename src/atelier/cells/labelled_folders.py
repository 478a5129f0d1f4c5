"""Reads one's own images of cells with their truth, in any of the known layouts."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from atelier.cells.coco import (
    AnnotatedImage,
    draw_annotations,
    read_annotations,
    warn_of_covered_cells,
)
from atelier.cells.layouts import CellMasks, LabelledImage, recognise_layout
from atelier.cells.sample_checks import check_sample, separate_masks
from atelier.cells.samples import Sample
from atelier.data.decoding import (
    decode_labels,
    decode_mask,
    decode_picture,
    list_pages,
    merge_equal_channels,
)
from atelier.data.file_tree import FileTree, open_tree
from atelier.types import Array

logger = logging.getLogger(__name__)

LOSSY = frozenset({".jpg", ".jpeg"})


class LabelledFolder(NamedTuple):
    """Images of cells with their truth, as they lie in a folder or a zip."""

    samples: dict[str, Sample]
    """By name, those of no split and those for training."""
    given: dict[str, dict[str, Sample]]
    """By name, by the split that a folder names: ``validation``, ``test``, both or neither."""
    masks: int
    """Number of label files that were masks, whose connected parts became cells."""


def read_labelled_folder(path: Path) -> LabelledFolder:
    """Reads images and truth of a folder, a zip or a COCO file.

    Args:
        path: A folder or zip in one of the layouts of :mod:`atelier.cells.layouts`, or COCO's
            JSON, beside or above whose folder the images lie.

    Returns:
        The samples.

    Raises:
        FileNotFoundError: There is nothing at the path.
        ValueError: No known layout, an image and its truth do not fit, a file is damaged, or no
            image has a cell.
    """
    path = path.expanduser()
    tree, only = _open(path)
    labelled = read_annotations(tree, only) or recognise_layout(tree)
    masks: list[str] = []
    parts: dict[str | None, dict[str, Sample]] = {}
    for part, images in labelled.items():
        samples = dict(sample for image in images for sample in _read_image(tree, image))
        parts[part] = separate_masks(samples, masks)
    _check_cells(path, parts)
    if len(parts) == 1:
        return LabelledFolder(next(iter(parts.values())), {}, len(masks))
    if "train" not in parts or None in parts:
        raise ValueError(
            f"{path}: Expected images in train and further splits, or in no split at all. "
            f"Received: images in {', '.join(part or 'no split' for part in parts)}"
        )
    given = {name: part for name, part in parts.items() if name is not None and name != "train"}
    return LabelledFolder(parts["train"], given, len(masks))


def _open(path: Path) -> tuple[FileTree, PurePosixPath | None]:
    """Returns the folder to read and, where a JSON is named, its name there."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return open_tree(path), None
    tree = open_tree(path.parent)
    if not tree.pictures and path.parent.name.lower() == "annotations":
        path = path.absolute()
        return open_tree(path.parent.parent), PurePosixPath(path.parent.name, path.name)
    return tree, PurePosixPath(path.name)


def _check_cells(path: Path, parts: dict[str | None, dict[str, Sample]]) -> None:
    samples = [sample for part in parts.values() for sample in part.values()]
    if not any(sample.labels.any() for sample in samples):
        raise ValueError(
            f"{path}: Expected at least one cell. Received: {len(samples)} label maps of "
            "background only"
        )


def _read_image(
    tree: FileTree, image: LabelledImage | AnnotatedImage
) -> Iterator[tuple[str, Sample]]:
    """Yields the samples of an image's pages with their names; usually one."""
    if isinstance(image, AnnotatedImage) or isinstance(image.truth, CellMasks):
        picture = _picture(tree, image.image, None)
        where = tree.describe(image.image)
        truth = _draw(tree, image, picture, where)
        yield image.name, check_sample(where, picture, truth, instances=True)
        return
    file = image.truth.file
    where = tree.describe(file)
    pages = _pages(tree, image.image)
    if len(pages) != len(_pages(tree, file)):
        raise ValueError(
            f"{where}: Expected as many pages as in {image.image}. Received: "
            f"{len(_pages(tree, file))} and {len(pages)}; an animation or a stack needs a label "
            "map for each page"
        )
    for page in pages:
        name = image.name if len(pages) == 1 else f"{image.name}/{page + 1:04d}"
        picture = _picture(tree, image.image, page)
        truth = _read_label_map(tree, file, page)
        yield name, check_sample(where, picture, truth, instances=True)


def _pages(tree: FileTree, file: PurePosixPath) -> list[int]:
    return list_pages(tree.open_file(file), tree.describe(file))


def _picture(tree: FileTree, file: PurePosixPath, page: int | None) -> Array:
    return merge_equal_channels(decode_picture(tree.open_file(file), tree.describe(file), page))


def _draw(
    tree: FileTree, image: LabelledImage | AnnotatedImage, picture: Array, where: str
) -> Array:
    height, width = picture.shape[:2]
    if isinstance(image, AnnotatedImage):
        return draw_annotations(image, (height, width), where)
    files = image.truth.files if isinstance(image.truth, CellMasks) else ()
    return _join_masks(tree, files, (height, width), where)


def _join_masks(
    tree: FileTree, files: tuple[PurePosixPath, ...], shape: tuple[int, int], where: str
) -> Array:
    labels = np.zeros(shape, np.int32)
    for number, file in enumerate(files, start=1):
        mask = decode_mask(tree.open_file(file), tree.describe(file))
        if mask.shape != shape:
            raise ValueError(
                f"{tree.describe(file)}: Expected a mask of {shape} as its picture. "
                f"Received: {mask.shape}"
            )
        labels[mask > 0] = number
    warn_of_covered_cells(labels, len(files), where)
    return labels


def _read_label_map(tree: FileTree, file: PurePosixPath, page: int) -> Array:
    """Reads a label map; floats that are whole numbers become integers.

    Raises:
        ValueError: The file is a JPEG, whose values are not those that were saved, or has colours
            or fractions.
    """
    where = tree.describe(file)
    if file.suffix.lower() in LOSSY:
        raise ValueError(
            f"{where}: Expected a label map in PNG or TIFF, which keep its numbers. "
            "Received: JPEG, which changes them"
        )
    labels = decode_labels(tree.open_file(file), where, page)
    if labels.dtype.kind != "f":
        return labels
    if not np.isfinite(labels).all() or (labels != np.floor(labels)).any():
        raise ValueError(
            f"{where}: Expected whole numbers, 0 for background and one for each cell. Received: "
            f"floats from {labels.min():g} to {labels.max():g}; save labels, not probabilities"
        )
    return labels.astype(np.int64)

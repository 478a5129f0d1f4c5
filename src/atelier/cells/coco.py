"""Cells in COCO's JSON (Lin et al. 2014): each annotation is a cell, whatever its category."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from atelier.cells.layouts import part_of
from atelier.cells.run_lengths import Segmentation, decode_segmentation
from atelier.data.file_tree import FileTree
from atelier.types import Array

logger = logging.getLogger(__name__)

ENTRIES = "Expected images with id and file_name, and annotations with image_id and segmentation"
"""What a message expects of COCO's JSON."""


class AnnotatedImage(NamedTuple):
    """An image and the segmentations of its cells."""

    name: str
    image: PurePosixPath
    source: PurePosixPath
    """The JSON file."""
    segmentations: tuple[Segmentation, ...]


def read_annotations(
    tree: FileTree, only: PurePosixPath | None = None
) -> dict[str | None, list[AnnotatedImage]]:
    """Returns the images of every COCO file by the split that its folder or name tells.

    Args:
        tree: Folder or zip.
        only: The COCO file to read; by default all.

    Returns:
        Images by split; None stands for a file that names none. Nothing where no JSON is COCO's.

    Raises:
        ValueError: A JSON is damaged, or an image it names is not there.
    """
    parts: dict[str | None, list[AnnotatedImage]] = {}
    for file in tree.names:
        if file.suffix.lower() != ".json" or only not in {None, file}:
            continue
        content = _content(tree, file)
        if content is None and only is not None:
            raise ValueError(
                f"{tree.describe(file)}: Expected COCO's JSON with images and annotations"
            )
        if content is not None:
            part = part_of([*file.parent.parts, *file.stem.replace("-", "_").split("_")])
            parts.setdefault(part, []).extend(_images(tree, file, content, part))
    return parts


def _content(tree: FileTree, file: PurePosixPath) -> Mapping[str, Any] | None:
    """Returns the content of a COCO file, or None of another JSON."""
    opened = tree.open_file(file)
    try:
        content = json.loads(opened.read_bytes() if isinstance(opened, Path) else opened.getvalue())
    except ValueError as error:
        raise ValueError(
            f"{tree.describe(file)}: Expected whole JSON. Received: {error}"
        ) from error
    is_coco = isinstance(content, Mapping) and {"images", "annotations"} <= content.keys()
    return content if is_coco else None


def _images(
    tree: FileTree, file: PurePosixPath, content: Mapping[str, Any], part: str | None
) -> list[AnnotatedImage]:
    where = tree.describe(file)
    try:
        cells = _segmentations(content, where)
        pictures = _by_file_name(tree)
        return [
            AnnotatedImage(
                _stem(image["file_name"], where),
                _find(pictures, file, image["file_name"], part, where),
                file,
                tuple(cells[image["id"]]),
            )
            for image in content["images"]
        ]
    except KeyError as error:
        raise ValueError(f"{where}: {ENTRIES}. Received: an entry without {error}") from error
    except (TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"{where}: {ENTRIES}. Received: {error}") from error


def _stem(file_name: str, where: str) -> str:
    """Returns the path of a picture without its ending."""
    path = PurePosixPath(file_name)
    if not path.name:
        raise ValueError(f"{where}: Expected the name of a file. Received: {file_name!r}")
    return str(path.with_suffix(""))


def _segmentations(content: Mapping[str, Any], where: str) -> dict[Any, list[Segmentation]]:
    """Returns the segmentations of each image by its id."""
    cells: dict[Any, list[Segmentation]] = {image["id"]: [] for image in content["images"]}
    unknown = [item for item in content["annotations"] if item["image_id"] not in cells]
    if unknown:
        raise ValueError(
            f"{where}: Expected an image for each annotation. Received: {len(unknown)} annotations "
            f"of none of the {len(cells)} images, such as image_id {unknown[0]['image_id']}"
        )
    for annotation in content["annotations"]:
        cells[annotation["image_id"]].append(annotation["segmentation"])
    return cells


def _by_file_name(tree: FileTree) -> dict[str, list[PurePosixPath]]:
    pictures: dict[str, list[PurePosixPath]] = {}
    for picture in tree.pictures:
        pictures.setdefault(picture.name, []).append(picture)
    return pictures


def _find(
    pictures: Mapping[str, Sequence[PurePosixPath]],
    source: PurePosixPath,
    name: str,
    part: str | None,
    where: str,
) -> PurePosixPath:
    """Returns the picture that a COCO file names.

    Of several with that name, one below the folder that COCO names, of the same split or beside
    the JSON is taken.
    """
    wanted = PurePosixPath(name)
    candidates = list(pictures.get(wanted.name, ()))
    rules = (
        lambda item: item.parts[-len(wanted.parts) :] == wanted.parts,
        lambda item: part_of(item.parent.parts) == part,
        lambda item: item.parent == source.parent,
    )
    for rule in rules:
        candidates = [item for item in candidates if rule(item)] or candidates
    if len(candidates) != 1:
        names = ", ".join(map(str, candidates)) or "no such file"
        raise ValueError(f"{where}: Expected one picture {name} beside it. Received: {names}")
    return candidates[0]


def draw_annotations(image: AnnotatedImage, shape: tuple[int, int], where: str) -> Array:
    """Returns the label map of an image's annotations; where two overlap, the later one shows.

    Args:
        image: With its segmentations.
        shape: Height and width of the picture.
        where: Name of the image, for messages.

    Returns:
        Instance labels, (height, width) int32: annotation i has the label i + 1.

    Raises:
        ValueError: A segmentation is of another size, or damaged.

    Examples:
        >>> from pathlib import PurePosixPath
        >>> from atelier.cells.coco import AnnotatedImage, draw_annotations
        >>> segmentations = ([[0, 0, 2, 0, 2, 1, 0, 1]], {"size": [1, 3], "counts": [2, 1]})
        >>> picture, source = PurePosixPath("a.png"), PurePosixPath("a.json")
        >>> image = AnnotatedImage("a", picture, source, segmentations)
        >>> draw_annotations(image, (1, 3), "a.png")
        array([[1, 1, 2]], dtype=int32)
    """
    labels = np.zeros(shape, np.int32)
    for number, segmentation in enumerate(image.segmentations, start=1):
        try:
            labels[decode_segmentation(segmentation, shape)] = number
        except ValueError as error:
            raise ValueError(f"{where}, annotation {number}: {error}") from error
    warn_of_covered_cells(labels, len(image.segmentations), where)
    return labels


def warn_of_covered_cells(labels: Array, cells: int, where: str) -> None:
    """Logs how many cells have no pixel left, since they are empty or later ones cover them.

    Args:
        labels: Instance labels from 1 to ``cells``.
        cells: Number of cells.
        where: Name of the image.
    """
    covered = cells - len(np.setdiff1d(labels, 0))
    if covered:
        logger.warning(
            "%s: %d of %d cells have no pixel of their own: they are empty, or other cells cover "
            "them",
            where,
            covered,
            cells,
        )

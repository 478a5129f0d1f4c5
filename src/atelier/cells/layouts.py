"""Recognises how images of cells and their truth lie in a folder or a zip.

Pairs: ``images/a.png`` with ``masks/a.tif`` (StarDist's data), or ``a.png`` with ``a_masks.png``
(Cellpose). Masks: ``NAME/images/x.png`` with a file for each cell in ``NAME/masks`` (BBBC038).
Annotations: COCO's JSON. Each may lie in ``train``, ``validation`` and ``test``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from atelier.data.file_tree import FileTree

logger = logging.getLogger(__name__)

IMAGE_FOLDERS = frozenset({"images", "image", "imgs", "img", "raw"})
LABEL_FOLDERS = frozenset(
    {"masks", "mask", "labels", "label", "label_maps", "instances", "gt", "ground_truth"}
)
LABEL_ENDINGS = (
    "_cp_masks", "_masks", "_mask", "_labels", "_label", "_label_map", "_instances", "_gt",
)  # fmt: skip
"""Of the stem of a label map that lies beside its image."""
IMAGE_ENDINGS = ("_img", "_image")
DERIVED_ENDINGS = ("_flows", "_cp_output", "_outlines", "_cp_outlines", "_dP", "_cellprob")
"""Of other pictures that Cellpose writes; they are neither images nor labels."""
_PARTS = {
    "train": re.compile(r"(stage1_)?train(ing)?(20\d\d)?"),
    "validation": re.compile(r"val(id|idation)?(20\d\d)?|dev"),
    "test": re.compile(r"(stage1_)?test(ing)?(20\d\d)?"),
}
LAYOUTS = (
    "images/NAME.png with masks/NAME.png, NAME.png with NAME_masks.png, NAME/images with a mask "
    "for each cell in NAME/masks, or COCO's JSON with its images, each also in train, validation "
    "and test"
)


class LabelMap(NamedTuple):
    """The truth of an image in a file of labels."""

    file: PurePosixPath


class CellMasks(NamedTuple):
    """The truth of an image in a file for each cell; there may be none."""

    files: tuple[PurePosixPath, ...]


class LabelledImage(NamedTuple):
    """An image and where its truth is."""

    name: str
    image: PurePosixPath
    truth: LabelMap | CellMasks


class _Group(NamedTuple):
    """The pictures that belong together: those of a folder, or of ``images`` and ``masks``."""

    images: dict[str, PurePosixPath]
    labels: dict[str, PurePosixPath]


def part_of(words: Iterable[str]) -> str | None:
    """Returns the split that the first of some words names, or None.

    Examples:
        >>> from atelier.cells.layouts import part_of
        >>> part_of(["data", "stage1_train", "images"]), part_of(["val2017"]), part_of(["images"])
        ('train', 'validation', None)
    """
    for word in words:
        for part, pattern in _PARTS.items():
            if pattern.fullmatch(word.lower()):
                return part
    return None


def label_key(stem: str) -> str:
    """Returns what the names of an image and its label map have in common, of the latter's.

    Examples:
        >>> from atelier.cells.layouts import label_key
        >>> label_key("a_img_cp_masks"), label_key("a_masks"), label_key("a")
        ('a', 'a', 'a')
    """
    return _without_ending(_without_ending(stem, LABEL_ENDINGS), IMAGE_ENDINGS)


def image_key(stem: str) -> str:
    """Returns what the names of an image and its label map have in common, of the former's."""
    return _without_ending(stem, IMAGE_ENDINGS)


def _without_ending(stem: str, endings: Iterable[str]) -> str:
    ending = next((item for item in endings if stem.endswith(item) and stem != item), "")
    return stem.removesuffix(ending)


def is_label_file(file: PurePosixPath) -> bool:
    """Returns whether a picture's folder or name says that it holds labels, not an image.

    Examples:
        >>> from pathlib import PurePosixPath
        >>> from atelier.cells.layouts import is_label_file
        >>> [is_label_file(PurePosixPath(name)) for name in ("masks/a.png", "a_masks.png", "a.png")]
        [True, True, False]
    """
    inner = file.parent
    folder = (inner.parent if part_of([inner.name]) else inner).name.lower()
    if folder in LABEL_FOLDERS | IMAGE_FOLDERS:
        return folder in LABEL_FOLDERS
    return label_key(file.stem) != image_key(file.stem)


def is_derived_file(file: PurePosixPath) -> bool:
    """Returns whether a picture's name says that a segmentation wrote it beside its labels."""
    return file.stem.endswith(DERIVED_ENDINGS)


def recognise_layout(tree: FileTree) -> dict[str | None, list[LabelledImage]]:
    """Returns the images with their truth by the split that a folder names.

    Args:
        tree: Folder or zip.

    Returns:
        Images by split, sorted; None stands for images in no folder of a split. Where some are in
        such folders, the others are left out.

    Raises:
        ValueError: There are no pictures, or an image lacks its truth or the reverse.
    """
    groups = _groups(tree)
    if not groups:
        received = ", ".join(map(str, tree.names[:8])) or "no files"
        raise ValueError(
            f"Expected pictures of cells in {tree.path}: {LAYOUTS}. Received: {received}"
        )
    parts: dict[str | None, list[LabelledImage]] = {}
    for folder, group in _without_strays(tree, groups).items():
        part = part_of(folder.parts)
        name = PurePosixPath(*(word for word in folder.parts if part_of([word]) is None))
        parts.setdefault(part, []).extend(_labelled(tree, folder, name, group))
    return parts


def _without_strays(
    tree: FileTree, groups: Mapping[PurePosixPath, _Group]
) -> Mapping[PurePosixPath, _Group]:
    """Leaves out, where some pictures are in folders of splits, those that are in none."""
    in_splits = {folder: item for folder, item in groups.items() if part_of(folder.parts)}
    strays = [str(folder) for folder in groups if in_splits and folder not in in_splits]
    if strays:
        logger.warning(
            "%s: pictures outside of train, validation and test are left out, in %s",
            tree.path,
            ", ".join(strays[:5]),
        )
    return in_splits or groups


def _groups(tree: FileTree) -> dict[PurePosixPath, _Group]:
    """Returns pictures by the folder that an image and its truth have in common."""
    label_folders = [item for item in tree.folders if item.name.lower() in LABEL_FOLDERS]
    with_folders = {folder.parent for folder in label_folders}
    groups: dict[PurePosixPath, _Group] = {}
    for file in tree.pictures:
        folder = _common_folder(file)
        stray = folder in with_folders and folder == file.parent
        if stray or is_derived_file(file):
            continue
        group = groups.setdefault(folder, _Group({}, {}))
        files, key = (
            (group.labels, label_key(file.stem))
            if is_label_file(file)
            else (group.images, image_key(file.stem))
        )
        if key in files:
            raise ValueError(
                f"{tree.path}: Expected one file of each name. Received: {files[key]}, {file}"
            )
        files[key] = file
    return groups


def _common_folder(file: PurePosixPath) -> PurePosixPath:
    """Returns the folder of an image and its truth, with the split where that lies below.

    ``images/train/a.png`` and ``train/images/a.png`` both belong to ``train``.
    """
    folders = IMAGE_FOLDERS | LABEL_FOLDERS
    parent = file.parent
    if parent.name.lower() in folders:
        return parent.parent
    if part_of([parent.name]) and parent.parent.name.lower() in folders:
        return parent.parent.parent / parent.name
    return parent


def _labelled(
    tree: FileTree, folder: PurePosixPath, name: PurePosixPath, group: _Group
) -> list[LabelledImage]:
    """Returns a group's images with their truth."""
    images, labels = group
    if images.keys() == labels.keys():
        return [
            LabelledImage(str(name / key), images[key], LabelMap(labels[key]))
            for key in sorted(images)
        ]
    if len(images) == 1 and (labels or _has_label_folder(tree, folder)):
        (key,) = images
        title = str(name) if name.parts else key
        return [LabelledImage(title, images[key], CellMasks(tuple(labels.values())))]
    raise ValueError(_describe_mismatch(tree, folder, images, labels))


def _has_label_folder(tree: FileTree, folder: PurePosixPath) -> bool:
    return any(
        item.parent == folder and item.name.lower() in LABEL_FOLDERS for item in tree.folders
    )


def _describe_mismatch(
    tree: FileTree,
    folder: PurePosixPath,
    images: Mapping[str, PurePosixPath],
    labels: Mapping[str, PurePosixPath],
) -> str:
    where = Path(tree.path, folder)
    if not labels:
        return (
            f"{where}: Expected the truth of each image: {LAYOUTS}. Received: {len(images)} images "
            f"without masks, such as {_first(images.values())}. Images without truth are "
            "segmented by --pipeline segment --params images=PATH"
        )
    alone = [images[key] for key in sorted(images.keys() - labels.keys())]
    orphans = [labels[key] for key in sorted(labels.keys() - images.keys())]
    return (
        f"{where}: Expected one label map for each image, of the same name. Received: "
        f"{len(images)} images, {len(labels)} label maps; without labels {_names(alone)}; without "
        f"image {_names(orphans)}"
    )


def _first(files: Iterable[PurePosixPath]) -> str:
    return str(min(files))


def _names(files: Sequence[PurePosixPath]) -> str:
    return ", ".join(map(str, files[:5])) + (" …" if len(files) > 5 else "") if files else "none"

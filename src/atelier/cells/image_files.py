"""Images without truth: the pictures of a folder, a zip, a file or an npz, read one by one."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from atelier.cells.layouts import is_derived_file, is_label_file
from atelier.data.decoding import decode_picture, list_pages
from atelier.data.file_tree import PICTURE_ENDINGS, FileTree, open_tree
from atelier.types import Array

logger = logging.getLogger(__name__)

RESULT_FOLDERS = frozenset({"labels", "outlines", "overlays"})
"""Folders of an earlier segmentation, which are left out."""
PACKED = "image."
"""Beginning of the names of packed samples' images: see :func:`atelier.cells.pack`."""


class ImageFile(NamedTuple):
    """A file of one or more pages, which is read when it is asked for."""

    name: str
    """Of its results: the path without its ending."""
    file: str
    """As the user knows it."""
    digest: Callable[[], str]
    """Returns the SHA-256 of the content."""
    pages: Callable[[], Sequence[int]]
    """Returns the numbers of its pages, from 0."""
    read: Callable[[int], Array]
    """Returns a page, (height, width) or (height, width, 3)."""


def list_images(path: Path) -> list[ImageFile]:
    """Lists the pictures of a folder with its subfolders, of a zip, of an npz, or a single file.

    Files whose folder or name says that they hold labels are left out, with a note in the log.

    Args:
        path: The folder or file. An npz has an array ``images`` of shape (n, height, width) or
            (n, height, width, channels), or packed samples.

    Returns:
        The images, none of them read yet.

    Raises:
        FileNotFoundError: There is nothing at the path.
        ValueError: There are no pictures, or the zip or npz is damaged.
    """
    path = path.expanduser()
    if path.suffix.lower() == ".npz" and path.is_file():
        return _packed_images(path)
    tree = open_tree(path)
    alone = len(tree.names) == 1  # whatever its ending: the content decides
    pictures = list(tree.names) if alone else [file for file in tree.pictures if _is_image(file)]
    if not pictures:
        received = ", ".join(map(str, tree.names[:5])) or "no files"
        raise ValueError(
            f"{path}: Expected pictures ({', '.join(sorted(PICTURE_ENDINGS))}). "
            f"Received: {received}"
        )
    skipped = len(tree.names) - len(pictures)
    if skipped:
        logger.info("%s: %d files are no images of cells and are left out", path, skipped)
    stems = Counter(file.with_suffix("") for file in pictures)
    return [_image_file(tree, file, unique=stems[file.with_suffix("")] == 1) for file in pictures]


def _is_image(file: PurePosixPath) -> bool:
    folders = {part.lower() for part in file.parent.parts}
    return not (is_label_file(file) or is_derived_file(file) or folders & RESULT_FOLDERS)


def _image_file(tree: FileTree, file: PurePosixPath, *, unique: bool) -> ImageFile:
    where = tree.describe(file)

    def read(page: int) -> Array:
        return decode_picture(tree.open_file(file), where, page)

    return ImageFile(
        name=str(file.with_suffix("") if unique else file),
        file=str(file),
        digest=functools.partial(tree.digest, file),
        pages=lambda: list_pages(tree.open_file(file), where),
        read=read,
    )


def _packed_images(path: Path) -> list[ImageFile]:
    """Lists the images of an npz.

    Raises:
        ValueError: It is damaged, or has neither ``images`` nor packed samples.
    """
    try:
        arrays = np.load(path, allow_pickle=False)
        names = list(arrays.files)
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(f"{path}: Expected a whole npz. Received: {error}") from error
    packed = [name for name in names if name.startswith(PACKED)]
    if packed:
        return [
            _array_image(name.removeprefix(PACKED), functools.partial(arrays.__getitem__, name))
            for name in packed
        ]
    if "images" not in names:
        raise ValueError(f"{path}: Expected an array images. Received: {', '.join(names)}")
    images = arrays["images"]
    return [
        _array_image(f"{index:06d}", functools.partial(images.__getitem__, index))
        for index in range(len(images))
    ]


def _array_image(name: str, load: Callable[[], Array]) -> ImageFile:
    return ImageFile(
        name=name,
        file=name,
        digest=lambda: hashlib.sha256(np.ascontiguousarray(load()).data).hexdigest(),
        pages=lambda: [0],
        read=lambda page: load(),
    )

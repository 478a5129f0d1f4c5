"""BBBC038's layout: a folder for each image, with a mask for each cell; on disk or in a zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePath, PurePosixPath

import numpy as np

from atelier.cells.samples import Sample
from atelier.data.decoding import decode_mask, decode_picture, merge_equal_channels
from atelier.data.system_files import AnyPath, without_system_files

MEMBER_FOLDERS = ("images", "masks")
OpenMember = Callable[[str], Path | io.BytesIO]
"""Opens the file of a member by its name."""


def read_mask_folder(folder: Path) -> dict[str, Sample]:
    """Reads images and masks of ``folder/NAME/images`` and ``folder/NAME/masks``.

    Returns:
        Samples by name; none where no subfolder has masks.

    Raises:
        ValueError: An image is damaged, lacks masks, or is not alone in its folder.
    """
    if not any(folder.glob("*/masks")):
        return {}
    paths = [*folder.glob("*/*"), *folder.glob("*/*/*")]
    return _read_members(_members(without_system_files(paths, folder)), Path, folder)


def read_mask_archive(archive: Path) -> dict[str, Sample]:
    """Reads the images of BBBC038's zip; nothing is unpacked to disk.

    Returns:
        Samples by name.

    Raises:
        ValueError: The zip or an image in it is damaged, or it holds none.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            paths = [PurePosixPath(name) for name in opened.namelist()]
            members = _members(without_system_files(paths, archive))
            if not members:
                raise ValueError(
                    f"{archive}: Expected folders NAME/images with one picture. "
                    f"Received: {opened.namelist()[:3]} …"
                )
            return _read_members(members, lambda name: io.BytesIO(opened.read(name)), archive)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{archive}: {error}") from error


def _members(paths: Iterable[AnyPath]) -> dict[str, dict[str, list[str]]]:
    """Returns files by the image's name and by kind; an empty folder is a kind without files."""
    members: dict[str, dict[str, list[str]]] = {}
    for path in paths:
        folder, file = (path, None) if path.name in MEMBER_FOLDERS else (path.parent, path)
        if folder.name in MEMBER_FOLDERS and folder.parent.name:
            files = members.setdefault(folder.parent.name, {}).setdefault(folder.name, [])
            files += [str(file)] if file else []
    return members


def _read_members(
    members: Mapping[str, Mapping[str, list[str]]], open_file: OpenMember, where: PurePath
) -> dict[str, Sample]:
    samples = {}
    for name, kinds in members.items():
        pictures = kinds.get("images", [])
        if len(pictures) != 1:
            raise ValueError(
                f"{where}, {name}: Expected one picture in images. Received: {len(pictures)}, "
                f"{pictures[:3]}"
            )
        if "masks" not in kinds:
            raise ValueError(
                f"{where}, {name}: Expected a folder masks with a mask for each cell. "
                "Received: images only"
            )
        samples[name] = _join_masks(pictures[0], kinds["masks"], open_file)
    return samples


def _join_masks(picture: str, masks: Iterable[str], open_file: OpenMember) -> Sample:
    """Returns an image with one label map of all its masks."""
    image = merge_equal_channels(decode_picture(open_file(picture), picture))
    labels = np.zeros(image.shape[:2], np.uint16)
    for number, path in enumerate(masks, start=1):
        mask = decode_mask(open_file(path), path)
        if mask.shape != labels.shape:
            raise ValueError(
                f"{path}: Expected a mask of {labels.shape} as its picture. Received: {mask.shape}"
            )
        labels[mask > 0] = number
    return Sample(image, labels)

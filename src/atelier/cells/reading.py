"""Images of cells with their truth: drawn, from a folder, or downloaded; and their splits."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from atelier.cells.foreground import connected_cells, is_foreground
from atelier.cells.instance_labels import number_cells
from atelier.cells.mask_folders import read_mask_archive, read_mask_folder
from atelier.cells.params import CellSourceParams, CellSplitParams
from atelier.cells.samples import CITATION, Sample, draw_cells
from atelier.data.decoding import (
    decode_labels,
    decode_mask,
    decode_picture,
    decode_volume,
    merge_equal_channels,
    to_storage_type,
)
from atelier.data.sources import UNVERIFIED, DataSet, Downloader, RemoteFile
from atelier.data.system_files import list_folder
from atelier.types import Array

logger = logging.getLogger(__name__)

PARTS = ("train", "validation", "test")
MAX_CELLS = int(np.iinfo(np.uint16).max)
"""The most cells in an image; larger labels are renumbered."""

CELL_SETS: dict[str, DataSet] = {
    "dsb2018": DataSet(
        title="Nuclei of the 2018 Data Science Bowl (BBBC038v1)",
        addresses=("https://data.broadinstitute.org/bbbc/BBBC038/",),
        files=(RemoteFile("stage1_train.zip", 82_900_000, UNVERIFIED, "none published"),),
        classes={},
        citation="Caicedo et al. 2019, Nucleus segmentation across imaging experiments",
        licence="CC0",
    ),
    "isbi2012": DataSet(
        title="Membranes of the ISBI 2012 EM challenge",
        addresses=(),  # the challenge's page asks for a registration
        files=(),
        classes={},
        citation="Arganda-Carreras et al. 2015, Crowdsourcing the creation of image segmentation "
        "algorithms for connectomics",
        licence="free for research and teaching",
    ),
}


class CellSource(NamedTuple):
    """Samples by name, with their origin."""

    name: str
    samples: dict[str, Sample]
    citation: str
    masks: int = 0
    """Number of label files that were masks, whose connected parts became cells."""


def read_cells(params: CellSourceParams, fetch: Downloader) -> CellSource:
    """Reads or draws the images of cells that ``params`` name.

    Args:
        params: Dataset, source and number of images.
        fetch: Downloads the files of a dataset; called for ``source="download"`` only.

    Returns:
        The samples with name and citation.

    Raises:
        FileNotFoundError: The mirror has none of the supported layouts.
        ValueError: An image and its truth do not fit, or a file is damaged.

    Examples:
        >>> from atelier.cells import CellSourceParams, read_cells
        >>> params = CellSourceParams(
        ...     dataset="dsb2018", source="embedded", mirror=None, count=3, side=32, limit=None,
        ...     seed=0,
        ... )
        >>> source = read_cells(params, fetch=None)
        >>> source.name, list(source.samples)
        ('drawn-cells', ['0000', '0001', '0002'])
    """
    data_set = CELL_SETS[params.dataset]
    masks: list[str] = []
    if params.source == "embedded":
        drawn = draw_cells(params.count, (params.side, params.side), seed=params.seed)
        pairs = zip(drawn.images[..., 0], drawn.labels, strict=True)
        samples = {f"{i:04d}": Sample(*pair) for i, pair in enumerate(pairs)}
        return CellSource("drawn-cells", samples, CITATION)
    if params.source == "mirror":
        folder = Path(params.mirror or "").expanduser()
        samples = read_cell_folder(folder, params.dataset, masks=masks)
    else:
        (archive,) = fetch(params.dataset, data_set).values()
        samples = read_mask_archive(archive)
    names = sorted(samples)[: params.limit]
    count = len(set(names) & set(masks))
    return CellSource(params.dataset, {n: samples[n] for n in names}, data_set.citation, count)


def read_cell_folder(
    folder: Path, dataset: str, *, masks: list[str] | None = None
) -> dict[str, Sample]:
    """Reads images and truth from a folder in any of the supported layouts.

    Args:
        folder: The mirror.
        dataset: Name of a subfolder that may hold the data.
        masks: Receives the names of label files that are masks: see
            :func:`atelier.cells.foreground.is_foreground`.

    Returns:
        Samples by name.

    Raises:
        FileNotFoundError: The folder has none of the supported layouts.
        ValueError: An image and its truth do not fit, or a file is damaged.
    """
    subfolders = (dataset, f"{dataset}/train", "", "train")
    for subfolder in (*subfolders, f"{dataset}/stage1_train", "stage1_train"):
        samples = _read_layout(folder / subfolder, [] if masks is None else masks)
        if samples:
            return samples
    names = [path.name for path in list_folder(folder)] if folder.is_dir() else []
    raise FileNotFoundError(
        f"Expected folders images and labels, image and label, or one with masks per picture in "
        f"{folder} or {folder / dataset} (--namespaces digits,characters leaves cells out). "
        f"Received: {', '.join(names[:8]) or 'nothing'}"
    )


def _read_layout(folder: Path, masks: list[str]) -> dict[str, Sample]:
    """Reads a folder by the layout that it has; returns nothing where it has none."""
    if (folder / "images").is_dir() and (folder / "labels").is_dir():
        samples = _read_pairs(folder / "images", folder / "labels", instances=True)
        return _separate_masks(samples, masks)
    if (folder / "image").is_dir() and (folder / "label").is_dir():
        return _read_pairs(folder / "image", folder / "label", instances=False)
    if (folder / "train-volume.tif").is_file():
        return _read_volumes(folder / "train-volume.tif", folder / "train-labels.tif")
    return read_mask_folder(folder)


def _read_pairs(images: Path, labels: Path, *, instances: bool) -> dict[str, Sample]:
    pictures, truths = _by_stem(images), _by_stem(labels)
    if pictures.keys() != truths.keys() or not pictures:
        raise ValueError(
            f"Expected one label map a picture, of the same name, in {images} and {labels}. "
            f"Received: {len(pictures)} pictures, {len(truths)} label maps; only pictures "
            f"{sorted(pictures.keys() - truths.keys())[:5]}, only label maps "
            f"{sorted(truths.keys() - pictures.keys())[:5]}"
        )
    decode = decode_labels if instances else decode_mask
    samples = {}
    for name, path in pictures.items():
        truth = decode(truths[name], str(truths[name]))
        image = merge_equal_channels(decode_picture(path, str(path)))
        samples[name] = _checked(str(truths[name]), image, truth, instances=instances)
    return samples


def _by_stem(folder: Path) -> dict[str, Path]:
    """Returns a folder's files by their names without suffix."""
    files: dict[str, Path] = {}
    for path in list_folder(folder):
        first = files.setdefault(path.stem, path)
        if first != path:
            raise ValueError(
                f"{folder}: Expected one file of each name. Received: {first.name}, {path.name}"
            )
    return files


def _read_volumes(images: Path, labels: Path) -> dict[str, Sample]:
    pictures, truths = decode_volume(images), decode_volume(labels)
    if len(pictures) != len(truths):
        raise ValueError(
            f"Expected as many sections in {images} as in {labels}. "
            f"Received: {len(pictures)} and {len(truths)}"
        )
    samples = {}
    for index, (picture, truth) in enumerate(zip(pictures, truths, strict=True)):
        image = merge_equal_channels(to_storage_type(picture, f"{images}, section {index}"))
        where = f"{labels}, section {index}"
        samples[f"{index:02d}"] = _checked(where, image, truth, instances=False)
    return samples


def _separate_masks(samples: dict[str, Sample], masks: list[str]) -> dict[str, Sample]:
    """Replaces labels that are masks by their connected parts; adds their names to ``masks``."""
    names = [name for name, sample in samples.items() if is_foreground(sample.labels)]
    for name in names:
        cells = connected_cells(samples[name].labels > 0)
        samples[name] = _checked(name, samples[name].image, cells, instances=True)
    if names:
        logger.warning(
            "%d of %d pictures in labels are masks, such as %s: each of their connected parts "
            "becomes a cell; cells that touch count as one",
            len(names), len(samples), names[0],
        )  # fmt: skip
    masks += names
    return samples


def _checked(name: str, image: Array, truth: Array, *, instances: bool) -> Sample:
    """Returns a sample, after a check that its truth fits; a mask's parts become its cells."""
    if truth.ndim != 2 or truth.dtype.kind not in "uib" or truth.shape != image.shape[:2]:
        raise ValueError(
            f"{name}: Expected a label map of {image.shape[:2]}. "
            f"Received: {truth.shape} {truth.dtype}"
        )
    if not instances:
        truth = connected_cells(truth > truth.max() / 2)
    try:
        numbered, ids = number_cells(truth)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if len(ids) > MAX_CELLS:
        raise ValueError(f"{name}: Expected at most {MAX_CELLS:,} cells. Received: {len(ids):,}")
    truth = numbered if truth.max(initial=0) > MAX_CELLS else truth
    return Sample(image, truth.astype(np.uint16))


def split_cells(
    samples: Mapping[str, Sample], params: CellSplitParams
) -> dict[str, dict[str, Sample]]:
    """Splits whole images at random into ``train``, ``validation`` and ``test``, disjoint.

    Args:
        samples: By name.
        params: Sizes of the splits, fold and seed.

    Returns:
        Samples by name, by the split's name.

    Raises:
        ValueError: Too few images for validation and test, or no such fold.

    Examples:
        >>> from atelier.cells import CellSplitParams, split_cells
        >>> params = CellSplitParams(validation=1, test=1, fold=0, seed=0)
        >>> splits = split_cells(dict.fromkeys("abcd"), params)
        >>> {name: len(samples) for name, samples in splits.items()}
        {'train': 2, 'validation': 1, 'test': 1}
    """
    names = np.array(sorted(samples))
    held_out = params.validation + params.test
    folds = len(names) // params.test
    if len(names) <= held_out or params.fold >= folds:
        raise ValueError(
            f"Expected more than {held_out} pictures and a fold below {folds}. "
            f"Received: {len(names)} pictures, fold={params.fold}"
        )
    order = np.random.default_rng(params.seed).permutation(names)
    order = np.roll(order, -params.fold * params.test)
    cuts = {
        "test": order[: params.test],
        "validation": order[params.test : held_out],
        "train": order[held_out:],
    }
    return {part: {str(name): samples[str(name)] for name in sorted(cuts[part])} for part in PARTS}

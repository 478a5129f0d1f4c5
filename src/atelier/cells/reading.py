"""Images of cells with their truth: drawn, from a folder, or downloaded; and their splits."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from atelier.cells.labelled_folders import read_labelled_folder
from atelier.cells.mask_folders import read_mask_archive, read_mask_folder
from atelier.cells.params import CellSourceParams, CellSplitParams
from atelier.cells.sample_checks import check_sample, separate_masks
from atelier.cells.samples import CITATION, Sample, draw_cells
from atelier.cells.splits import split_cells, split_given
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

logger = logging.getLogger(__name__)

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
    given: Mapping[str, Mapping[str, Sample]] | None = None
    """One's own samples for ``validation`` and ``test``, as far as folders name them; None where
    the samples are not one's own."""


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
        ...     path=None, dataset="dsb2018", source="embedded", mirror=None, count=3, side=32,
        ...     limit=None, seed=0,
        ... )
        >>> source = read_cells(params, fetch=None)
        >>> source.name, list(source.samples)
        ('drawn-cells', ['0000', '0001', '0002'])
    """
    if params.path:
        return _read_own(Path(params.path), params.limit)
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


def _read_own(path: Path, limit: int | None) -> CellSource:
    folder = read_labelled_folder(path)
    samples = {name: folder.samples[name] for name in sorted(folder.samples)[:limit]}
    citation = f"images of cells in {path.name}"
    return CellSource(path.stem, samples, citation, folder.masks, folder.given)


def split_source(source: CellSource, params: CellSplitParams) -> dict[str, dict[str, Sample]]:
    """Splits the images of a source: published ones at random, one's own as their folders say.

    Args:
        source: As :func:`read_cells` returns it.
        params: Sizes of the splits, fold and seed.

    Raises:
        ValueError: Too few images, or no such fold.
    """
    if source.given is None:
        return split_cells(source.samples, params)
    return split_given(source.samples, source.given, params)


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
        return separate_masks(samples, masks)
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
        samples[name] = check_sample(str(truths[name]), image, truth, instances=instances)
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
        samples[f"{index:02d}"] = check_sample(where, image, truth, instances=False)
    return samples

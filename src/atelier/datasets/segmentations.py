"""Images of cells that are read one by one, and the folder of their segmentations."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from kedro.io import DatasetError

from atelier.datasets.base import ReadOnlyDataset
from atelier.datasets.npz import read_npz, write_npz
from atelier.storage.atomic_write import atomic_path

if TYPE_CHECKING:
    import pandas as pd

    from atelier.cells.image_files import ImageFile
    from atelier.segmentation.application import Finished, SegmentedImage
    from atelier.types import Array

logger = logging.getLogger(__name__)

COLUMN = "cells."


class ImageFilesDataset(ReadOnlyDataset):
    """Loads as a list of :class:`atelier.cells.image_files.ImageFile`, none of them read yet.

    Args:
        source: A folder, a zip, a picture, or an npz; None takes the default.
        default: The file of images where no source is given.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self, *, source: str | None, default: str, metadata: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(metadata=metadata, source=source or default)
        self._source, self._default = source, default

    def load(self) -> list[ImageFile]:
        """Returns the images.

        Raises:
            DatasetError: If there is no source and no default file.
        """
        from atelier.cells.image_files import list_images

        if self._source:
            return list_images(Path(self._source))
        if not Path(self._default).is_file():
            raise DatasetError(
                "Expected images: --params images=PATH of a folder, a file or a zip. Received: "
                "neither these nor the test images of cells, which --pipeline ingest makes"
            )
        logger.info("The test images of cells are segmented; --params images=PATH names others")
        return list_images(Path(self._default))


class SegmentationFolder:
    """Label maps, outlines, overlays and measures of images, in one folder.

    Args:
        folder: The folder, which need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, name: str, fingerprint: str) -> Finished | None:
        """Returns the measures of an image that was segmented under ``fingerprint``, or None."""
        import pandas as pd

        from atelier.segmentation.application import Finished

        files = self._files(name)
        if not all(file.is_file() for file in files.values()):
            return None
        record = read_npz(files["record"])
        if str(record["fingerprint"]) != fingerprint:
            return None
        columns = {
            key.removeprefix(COLUMN): values
            for key, values in record.items()
            if key.startswith(COLUMN)
        }
        height, width = record["shape"].tolist()
        return Finished(pd.DataFrame(columns), (height, width))

    def save(self, name: str, fingerprint: str, image: SegmentedImage) -> None:
        """Writes all files of an image, each as a whole; the record is the last one."""
        from atelier.cells.rendering import draw_outlines, outline

        files = self._files(name)
        files["record"].unlink(missing_ok=True)
        write_label_map(files["labels"], image.labels)
        _write_png(files["outlines"], outline(image.labels) * np.uint8(255))
        _write_png(files["overlays"], draw_outlines(image.picture, image.labels))
        columns = {f"{COLUMN}{key}": image.cells[key].to_numpy() for key in image.cells}
        marks = {"fingerprint": np.array(fingerprint), "shape": np.array(image.labels.shape)}
        write_npz(files["record"], columns | marks)

    def save_tables(self, cells: pd.DataFrame, images: pd.DataFrame) -> None:
        """Writes ``cells.csv`` and ``images.csv``, and logs where all results are."""
        for name, table in (("cells", cells), ("images", images)):
            with atomic_path(self.folder / f"{name}.csv") as partial:
                table.to_csv(partial, index=False)
        logger.info("Label maps, outlines, overlays and cells.csv are in %s", self.folder)

    def overlay(self, name: str) -> Array:
        """Returns the overlay of an image, (height, width, 3) uint8."""
        from atelier.data.decoding import decode_picture

        path = self._files(name)["overlays"]
        return decode_picture(path, str(path))

    def _files(self, name: str) -> dict[str, Path]:
        return {
            "labels": self.folder / "labels" / f"{name}.tif",
            "outlines": self.folder / "outlines" / f"{name}.png",
            "overlays": self.folder / "overlays" / f"{name}.png",
            "record": self.folder / ".records" / f"{name}.npz",
        }


def write_label_map(path: Path, labels: Array) -> None:
    """Writes instance labels as a TIFF: of 16 bits, or of 32 where there are more than 65,535.

    Args:
        path: The file, which is replaced as a whole.
        labels: Instance labels, (height, width).
    """
    from PIL import Image

    kind = np.uint16 if labels.max(initial=0) <= np.iinfo(np.uint16).max else np.int32
    with atomic_path(path) as partial:
        Image.fromarray(labels.astype(kind)).save(
            partial, format="TIFF", compression="tiff_adobe_deflate"
        )


def _write_png(path: Path, picture: Array) -> None:
    from PIL import Image

    with atomic_path(path) as partial:
        Image.fromarray(picture).save(partial, format="PNG")


class SegmentationFolderDataset(ReadOnlyDataset):
    """Loads as a :class:`SegmentationFolder`.

    Args:
        filepath: The folder in which each source of images gets a folder of its own.
        source: The images' source, which names that folder; None are the test images of cells.
        output: A folder to be used as it is, instead.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self,
        *,
        filepath: str,
        source: str | None,
        output: str | None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metadata=metadata, filepath=filepath, source=source, output=output)
        self._folder = Path(output).expanduser() if output else Path(filepath) / _folder_of(source)

    def load(self) -> SegmentationFolder:
        """Returns the folder, whether it exists or not."""
        return SegmentationFolder(self._folder.absolute())


def _folder_of(source: str | None) -> str:
    """Returns a readable name that no source elsewhere shares."""
    if source is None:
        return "cells_test"
    path = Path(source).expanduser().absolute()
    return f"{path.stem}-{hashlib.sha256(str(path).encode()).hexdigest()[:6]}"

"""Pictures out of the dependencies, from files or by address; and folders of pictures."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError
from kedro_datasets._typing import ImagePreview

from atelier.configuration.redaction import RedactingFilter, redact
from atelier.datasets.base import FileDataset, ReadOnlyDataset
from atelier.datasets.content_digests import source_digest
from atelier.datasets.previews import preview_picture, preview_pictures
from atelier.storage.atomic_write import atomic_path
from atelier.storage.digests import bytes_digest

if TYPE_CHECKING:
    from atelier.types import Array


class PictureDataset(ReadOnlyDataset):
    """Loads as an array, (height, width) or (height, width, 3); uint8, uint16 or float32.

    :func:`atelier.data.decoding.decode_picture` has the rules for every kind of file.

    Args:
        source: The name of an embedded picture (:data:`atelier.data.pictures.EMBEDDED`) or of a
            painting (:data:`atelier.data.pictures.PAINTINGS`), a path, or an http address.
        downloads: Folder for downloads.
        mirror: A folder that has ``paintings/<name>.jpg``, instead of the paintings' addresses.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self,
        *,
        source: str,
        downloads: str = ".",
        mirror: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metadata=metadata, source=redact(source))
        self._source, self._downloads, self._mirror = source, downloads, mirror

    def content_digest(self) -> str | None:
        """Returns the digest of a file, else of the name or the address."""
        from atelier.data.pictures import EMBEDDED

        if self._source in EMBEDDED:
            return bytes_digest(self._source.encode())
        return source_digest(_mirrored(self._source, self._mirror))

    def load(self) -> Array:
        """Returns the picture, upright."""
        from atelier.data.pictures import read_picture

        return read_picture(_local_source(self._source, self._downloads, self._mirror))

    def preview(self) -> ImagePreview:
        """Returns the picture as Kedro-Viz shows it."""
        return preview_picture(self.load())


class PicturePagesDataset(ReadOnlyDataset):
    """Loads every page or frame of a picture as an array, masked where a mask is 0.

    Args:
        source: As :class:`PictureDataset` takes it; of a name or an address the only page.
        downloads: Folder for downloads.
        mask: Path of a picture of the pages' size, 0 where pixels do not count; None: all count.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self,
        *,
        source: str,
        downloads: str = ".",
        mask: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metadata=metadata, source=redact(source), mask=mask)
        self._picture = PictureDataset(source=source, downloads=downloads)
        self._source, self._downloads, self._mask = source, downloads, mask

    def content_digest(self) -> str | None:
        """Returns the digests of the picture and of the mask; None if one does not exist."""
        mask = source_digest(self._mask) if self._mask else ""
        picture = self._picture.content_digest()
        return None if picture is None or mask is None else f"{picture} {mask}"

    def load(self) -> list[Array]:
        """Returns the pages, upright, each as :class:`PictureDataset` returns it."""
        from atelier.data.pictures import mask_pages, read_pages

        pages = read_pages(_local_source(self._source, self._downloads, None))
        return mask_pages(pages, self._mask) if self._mask else pages

    def preview(self) -> ImagePreview:
        """Returns the first page as Kedro-Viz shows it."""
        return self._picture.preview()


class PicturesDataset(ReadOnlyDataset):
    """Loads as arrays by name.

    Args:
        sources: Each picture's source, as :class:`PictureDataset` takes it.
        downloads: Folder for downloads.
        mirror: See :class:`PictureDataset`.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self,
        *,
        sources: Mapping[str, str],
        downloads: str = ".",
        mirror: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metadata=metadata, sources=redact(dict(sources)))
        self._pictures = {
            name: PictureDataset(source=source, downloads=downloads, mirror=mirror)
            for name, source in sources.items()
        }

    def content_digest(self) -> str | None:
        """Returns the digests of the pictures; None if one of them does not exist."""
        digests = {name: dataset.content_digest() for name, dataset in self._pictures.items()}
        return None if None in digests.values() else str(digests)

    def load(self) -> dict[str, Array]:
        """Returns every picture by its name, upright."""
        return {name: dataset.load() for name, dataset in self._pictures.items()}

    def preview(self) -> ImagePreview:
        """Returns the pictures side by side as Kedro-Viz shows them."""
        return preview_pictures(self.load().values())


def _mirrored(source: str, mirror: str | None) -> str:
    """Returns the source; of a painting its file in the mirror, or its address."""
    from atelier.data.pictures import PAINTINGS

    if source in PAINTINGS and mirror:
        return str(Path(mirror) / "paintings" / f"{source}.jpg")
    return PAINTINGS.get(source, source)


def _local_source(source: str, downloads: str, mirror: str | None) -> str:
    """Returns the source, or the file that it was downloaded to."""
    address = _mirrored(source, mirror)
    if not address.startswith(("http://", "https://")):
        return address
    import pooch

    pooch.get_logger().addFilter(RedactingFilter())
    downloader = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty(), headers={"User-Agent": "atelier"}, timeout=60
    )
    try:
        return str(pooch.retrieve(address, None, path=Path(downloads), downloader=downloader))
    except OSError as error:  # requests' errors are OSErrors
        raise DatasetError(
            f"Expected a picture at {redact(address)}. Received: {redact(str(error))}. "
            "Offline, name a file or an embedded picture"
        ) from None


class GalleryDataset(FileDataset):
    """Pictures by name, (height, width, 3) uint8, as the PNG files of a folder."""

    def save(self, data: Mapping[str, Array]) -> None:
        """Writes every file as a whole, and removes the files of different names."""
        from PIL import Image

        for obsolete in set(self._files()) - {self._filepath / f"{name}.png" for name in data}:
            obsolete.unlink()
        for name, picture in data.items():
            with atomic_path(self._filepath / f"{name}.png") as partial:
                Image.fromarray(picture).save(partial, format="PNG")

    def load(self) -> dict[str, Array]:
        """Returns every picture of the folder by its name."""
        from atelier.data.pictures import read_picture

        return {file.stem: read_picture(str(file)) for file in self._files()}

    def preview(self) -> ImagePreview:
        """Returns the pictures side by side as Kedro-Viz shows them."""
        return preview_pictures(self.load().values())

    def _files(self) -> list[Path]:
        from atelier.data.system_files import is_system_file

        files = sorted(self._filepath.glob("*.png"))
        return [file for file in files if not is_system_file(Path(file.name))]

    def _exists(self) -> bool:
        return bool(self._files())

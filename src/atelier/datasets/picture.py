"""Pictures out of the dependencies, from files or by address; and galleries of our own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError

from atelier.configuration.redaction import RedactingFilter, redact
from atelier.storage.atomic_write import atomic_path

if TYPE_CHECKING:
    from atelier.types import Array


class PictureDataset(AbstractDataset[None, Any]):
    """Loads as an array, (height, width) or (height, width, 3); uint8, uint16 or float32.

    :func:`atelier.data.decoding.decode_picture` has the rules for every kind of file.

    Args:
        source: The name of an embedded picture (:data:`atelier.data.pictures.EMBEDDED`) or of a
            painting (:data:`atelier.data.pictures.PAINTINGS`), a path, or an http address.
        downloads: Folder for what is downloaded.
        mirror: A folder that has ``paintings/<name>.jpg``, instead of the paintings' addresses.
    """

    def __init__(
        self,
        *,
        source: str,
        downloads: str = ".",
        mirror: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self._source, self._downloads, self._mirror = source, downloads, mirror
        self.metadata = metadata

    def load(self) -> Array:
        """Reads the picture, upright."""
        from atelier.data.pictures import read_picture

        return read_picture(_at_hand(self._source, self._downloads, self._mirror))

    def save(self, data: None) -> None:
        """Refuse: pictures come from outside."""
        raise DatasetError("Expected pictures to be read only. Received: save")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"source": redact(self._source)}


class PicturesDataset(AbstractDataset[None, Any]):
    """Loads as arrays by name.

    Args:
        sources: Each picture's source, as :class:`PictureDataset` takes it.
        downloads: Folder for what is downloaded.
        mirror: See :class:`PictureDataset`.
    """

    def __init__(
        self,
        *,
        sources: Mapping[str, str],
        downloads: str = ".",
        mirror: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self._sources = dict(sources)
        self._each = {
            name: PictureDataset(source=source, downloads=downloads, mirror=mirror)
            for name, source in sources.items()
        }
        self.metadata = metadata

    def load(self) -> dict[str, Array]:
        """Reads every picture, upright."""
        return {name: dataset.load() for name, dataset in self._each.items()}

    def save(self, data: None) -> None:
        """Refuse: pictures come from outside."""
        raise DatasetError("Expected pictures to be read only. Received: save")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"sources": redact(self._sources)}


def _at_hand(source: str, downloads: str, mirror: str | None) -> str:
    """The source, or the file that it was brought to."""
    from atelier.data.pictures import PAINTINGS

    if source in PAINTINGS and mirror:
        return str(Path(mirror) / "paintings" / f"{source}.jpg")
    address = PAINTINGS.get(source, source)
    if not address.startswith(("http://", "https://")):
        return source
    import pooch

    pooch.get_logger().addFilter(RedactingFilter())
    caller = pooch.HTTPDownloader(progressbar=True, headers={"User-Agent": "atelier"}, timeout=60)
    try:
        return str(pooch.retrieve(address, None, path=Path(downloads), downloader=caller))
    except OSError as error:  # requests' errors are OSErrors
        raise DatasetError(
            f"Expected a picture at {redact(address)}. Received: {redact(str(error))}. "
            "Offline, name a file, or one that comes along"
        ) from None


class GalleryDataset(AbstractDataset["Mapping[str, Array]", "dict[str, Array]"]):
    """Pictures by name, (height, width, 3) uint8, as PNG files of a folder of their own."""

    def __init__(self, *, filepath: str, metadata: Mapping[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def save(self, data: Mapping[str, Array]) -> None:
        """Write every file as a whole, and remove those of other names."""
        from PIL import Image

        for left in set(self._files()) - {self._filepath / f"{name}.png" for name in data}:
            left.unlink()
        for name, picture in data.items():
            with atomic_path(self._filepath / f"{name}.png") as partial:
                Image.fromarray(picture).save(partial, format="PNG")

    def load(self) -> dict[str, Array]:
        """Every picture of the folder by its name."""
        from atelier.data.pictures import read_picture

        return {file.stem: read_picture(str(file)) for file in self._files()}

    def _files(self) -> list[Path]:
        from atelier.data.system_files import is_clutter

        files = sorted(self._filepath.glob("*.png"))
        return [file for file in files if not is_clutter(Path(file.name))]

    def _exists(self) -> bool:
        return bool(self._files())

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

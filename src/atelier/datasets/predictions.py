"""Pictures to be labelled, the model that labels them, and the folder of their labels."""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from atelier.datasets.base import ReadOnlyDataset
from atelier.datasets.registry import RegistryDataset
from atelier.storage.atomic_write import atomic_path
from atelier.storage.digests import bytes_digest

if TYPE_CHECKING:
    import pyarrow as pa

    from atelier.prediction.model import ServedModel
    from atelier.prediction.sources import PictureSource

logger = logging.getLogger(__name__)

FINGERPRINT = b"atelier.fingerprint"
"""Key of a part's fingerprint in the metadata of its file."""


class PictureSourceDataset(ReadOnlyDataset):
    """Loads as a :class:`atelier.prediction.PictureSource`, of which nothing is decoded yet.

    Args:
        source: A folder, an archive or a file; None takes the default.
        default: The file of images where no source is given.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self, *, source: str | None, default: str, metadata: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(metadata=metadata, source=source or default)
        self._source, self._default = source, default

    def load(self) -> PictureSource:
        """Returns the pictures.

        Raises:
            DatasetError: If there is no source and no default file.
        """
        from atelier.prediction.sources import open_pictures

        if self._source:
            return open_pictures(Path(self._source))
        if not Path(self._default).is_file():
            raise DatasetError(
                "Expected pictures: --params images=PATH of a folder, an archive or a file. "
                "Received: neither these nor the test images, which --pipeline ingest makes"
            )
        logger.info("The test images are labelled; --params images=PATH names others")
        return open_pictures(Path(self._default))


class ServedModelDataset(RegistryDataset):
    """Loads as a :class:`atelier.prediction.ServedModel`: the champion, else the newest version.

    Its arguments are those of :class:`RegistryDataset`.
    """

    def load(self) -> ServedModel:  # type: ignore[override]
        """Returns the model's file with its classes and its rule of input.

        Raises:
            DatasetError: If there is no version, or it is no calibrated model.
        """
        registry = super().load()
        champion = registry.champion()
        version = champion or registry.newest()
        model = _read_version(self._name, version, "champion" if champion else "newest")
        logger.info("Pictures are labelled by %s", model.title)
        return model


def _read_version(name: str, version: str, role: str) -> ServedModel:
    import mlflow

    from atelier.data.class_names import tag_classes
    from atelier.prediction.model import InputRule, ServedModel

    uri = f"models:/{name}/{version}"
    folder = Path(mlflow.artifacts.download_artifacts(uri))
    tags = mlflow.MlflowClient().get_model_version(name, version).tags
    described = (mlflow.models.Model.load(str(folder)).metadata or {}).get("input", {})
    files = sorted(folder.rglob("model.keras"))
    if not files or "classes" not in tags or "shape" not in described:
        raise DatasetError(
            f"Expected {uri} to be a model that the pipeline calibration registered, with classes "
            f"and the shape of its images. Received: {sorted(tags) or 'no tags'}"
        )
    rule = {key: described[key] for key in ("resize", "background") if key in described}
    shape = tuple(int(size) for size in described["shape"][1:])
    classes = tag_classes(tags["classes"])
    content = files[0].read_bytes()
    return ServedModel(name, str(version), role, classes, InputRule(shape, **rule), content)


class PredictionFolder:
    """The parts of a table of labels, and the whole table, in one folder.

    Args:
        folder: The folder, which need not exist.
        active: Whether the table becomes an artifact of the active MLflow run.
    """

    def __init__(self, folder: Path, *, active: bool = True) -> None:
        self.folder, self._active = folder, active

    def has(self, index: int, fingerprint: str) -> bool:
        """Tells whether a part is there that was made under ``fingerprint``."""
        from pyarrow import parquet

        path = self._part(index)
        if not path.is_file():
            return False
        metadata = parquet.read_schema(path).metadata or {}
        return bool(metadata.get(FINGERPRINT) == fingerprint.encode())

    def save(self, index: int, fingerprint: str, table: pa.Table) -> None:
        """Writes a part as a whole."""
        from pyarrow import parquet

        with atomic_path(self._part(index)) as partial:
            parquet.write_table(
                table.replace_schema_metadata({FINGERPRINT: fingerprint.encode()}), partial
            )

    def read(self, index: int, columns: list[str] | None = None) -> pa.Table:
        """Reads a part."""
        from pyarrow import parquet

        return parquet.read_table(self._part(index), columns=columns)

    def finish(self, parts: int) -> None:
        """Joins parts to ``predictions.parquet`` and ``predictions.csv``, one after another."""
        for path in self.folder.glob("parts/part-*.parquet"):
            if int(path.stem.removeprefix("part-")) >= parts:
                path.unlink()  # of an earlier, longer source
        table, text = self.folder / "predictions.parquet", self.folder / "predictions.csv"
        with atomic_path(table) as partial:
            self._join_parquet(partial, parts)
        with atomic_path(text) as partial:
            self._join_csv(partial, parts)
        logger.info("The labels are in %s and beside it as parquet", text)
        self._log_artifact(table)

    def _join_parquet(self, path: Path, parts: int) -> None:
        from pyarrow import parquet

        schema = self._shown(0).schema
        with parquet.ParquetWriter(path, schema) as writer:
            for index in range(parts):
                writer.write_table(self._shown(index))

    def _join_csv(self, path: Path, parts: int) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(self._shown(0).column_names)
            for index in range(parts):
                columns = self._shown(index).to_pydict().values()
                writer.writerows(zip(*columns, strict=True))

    def _shown(self, index: int) -> pa.Table:
        """Returns a part without its pictures."""
        from atelier.prediction.selection import PICTURE

        return self.read(index).drop_columns([PICTURE]).replace_schema_metadata(None)

    def _log_artifact(self, path: Path) -> None:
        import mlflow

        if self._active and mlflow.active_run():
            mlflow.log_artifact(str(path), "predict")

    def _part(self, index: int) -> Path:
        return self.folder / "parts" / f"part-{index:06d}.parquet"


class PredictionFolderDataset(ReadOnlyDataset):
    """Loads as a :class:`PredictionFolder`.

    Args:
        filepath: The folder in which each source of pictures gets a folder of its own.
        source: The pictures' source, which names that folder; None are the test images.
        model: Name of the registered model, whose labels have a folder of their own.
        output: A folder of the user's choice in place of it.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self,
        *,
        filepath: str,
        source: str | None,
        model: str,
        output: str | None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metadata=metadata, filepath=filepath, source=source, output=output)
        self._logging_activated = True  # kedro-mlflow's switch for untracked pipelines
        self._folder = (
            Path(output).expanduser() if output else Path(filepath) / model / _folder_of(source)
        )

    def load(self) -> PredictionFolder:
        """Returns the folder, whether it exists or not."""
        return PredictionFolder(self._folder.absolute(), active=self._logging_activated)


def _folder_of(source: str | None) -> str:
    """Returns a readable name that no source elsewhere shares."""
    if source is None:
        return "test"
    path = Path(source).expanduser().absolute()
    return f"{path.name.split('.')[0]}-{bytes_digest(str(path).encode())[:6]}"

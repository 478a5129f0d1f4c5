"""What is written while a node runs: entries that load as a small object to write to."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from kedro.io import AbstractDataset, DatasetError

from atelier.datasets.npz import read_npz, write_npz
from atelier.types import Array, Arrays

if TYPE_CHECKING:
    from atelier.sweep.chunk_store import Ledger

logger = logging.getLogger(__name__)

CONTINUES = "atelier.continues"
"""The tag that names the run which this one continues."""


class _Sink(AbstractDataset[None, Any]):
    """What a node loads to write to while it runs."""

    def save(self, data: None) -> None:
        """Refuse: a sink is written to while its node runs."""
        raise DatasetError(f"Expected a node to load this sink. Received: save to {self}")

    def _exists(self) -> bool:
        return True


class MlflowMetricLog:
    """Logs each row of metrics to the active MLflow run as it comes, one step a row."""

    def __init__(self, prefix: str, *, active: bool = True) -> None:
        self._prefix, self._active, self._step = prefix, active, 0

    def append(self, metrics: dict[str, float]) -> None:
        """Log one more epoch; its step is its number, from 1."""
        import mlflow

        self._step += 1
        if self._active and mlflow.active_run():
            named = {f"{self._prefix}.{name}": value for name, value in metrics.items()}
            mlflow.log_metrics(named, step=self._step)


class MetricLogDataset(_Sink):
    """Loads as an empty :class:`MlflowMetricLog`."""

    def __init__(self, *, prefix: str, metadata: Mapping[str, Any] | None = None) -> None:
        self._prefix = prefix
        self._logging_activated = True
        self.metadata = metadata

    def load(self) -> MlflowMetricLog:
        """A curve that begins at step 1."""
        return MlflowMetricLog(self._prefix, active=self._logging_activated)

    def _describe(self) -> dict[str, Any]:
        return {"prefix": self._prefix}


class FileCheckpoint:
    """One state in one npz file, with the fingerprint of what it belongs to and its MLflow run."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def restore(self, fingerprint: str) -> Arrays | None:
        """The state saved under ``fingerprint``, or None; names the continued run in MLflow."""
        if not self._path.is_file():
            return None
        state = read_npz(self._path)
        if str(state.pop("fingerprint")) != fingerprint:
            logger.warning("%s belongs to other data or parameters: starting anew", self._path)
            return None
        self._tag_continued(str(state.pop("run_id")))
        return state

    def save(self, fingerprint: str, state: Arrays) -> None:
        """Replace the file as a whole."""
        marks = {"fingerprint": np.array(fingerprint), "run_id": np.array(self._run_id())}
        write_npz(self._path, dict(state) | marks)

    def clear(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)

    @staticmethod
    def _run_id() -> str:
        import mlflow

        run = mlflow.active_run()
        return run.info.run_id if run else ""

    @staticmethod
    def _tag_continued(run_id: str) -> None:
        import mlflow

        if run_id and mlflow.active_run():
            mlflow.set_tag(CONTINUES, run_id)


class CheckpointDataset(_Sink):
    """Loads as a :class:`FileCheckpoint`."""

    def __init__(self, *, filepath: str, metadata: Mapping[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> FileCheckpoint:
        """The checkpoint at this path, whether it holds a state or not."""
        return FileCheckpoint(self._filepath)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class MlflowImageLog:
    """Shows each picture in the active MLflow run as it comes, under one name, step by step."""

    def __init__(self, name: str, *, active: bool = True) -> None:
        self._name, self._active, self._step = name, active, 0

    def append(self, picture: Array) -> None:
        """Log one more picture; the first has step 0."""
        import mlflow

        if self._active and mlflow.active_run():
            mlflow.log_image(picture, key=self._name, step=self._step, synchronous=True)
        self._step += 1


class MlflowRunSinks:
    """Curves and albums in MLflow, checkpoints in one folder."""

    def __init__(self, folder: Path, prefix: str, *, active: bool = True) -> None:
        self._folder, self._prefix, self._active = folder, prefix, active

    def metric_log(self, name: str) -> MlflowMetricLog:
        """Metrics called ``<prefix>.<name>.<metric>``."""
        return MlflowMetricLog(f"{self._prefix}.{name}", active=self._active)

    def image_log(self, name: str) -> MlflowImageLog:
        """Pictures called ``<prefix>.<name>``."""
        return MlflowImageLog(f"{self._prefix}.{name}", active=self._active)

    def checkpoint(self, name: str) -> FileCheckpoint:
        """A file of that name in the folder."""
        return FileCheckpoint(self._folder / f"{name}.npz")

    def clear(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


class RunSinksDataset(_Sink):
    """Loads as a :class:`MlflowRunSinks`."""

    def __init__(
        self, *, filepath: str, prefix: str, metadata: Mapping[str, Any] | None = None
    ) -> None:
        self._filepath, self._prefix = Path(filepath), prefix
        self._logging_activated = True
        self.metadata = metadata

    def load(self) -> MlflowRunSinks:
        """A studio whose checkpoints are in this folder."""
        return MlflowRunSinks(self._filepath, self._prefix, active=self._logging_activated)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "prefix": self._prefix}


class ChunkStoreDataset(_Sink):
    """Loads as the :class:`atelier.sweep.chunk_store.Ledger` of a folder."""

    def __init__(self, *, filepath: str, metadata: Mapping[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Ledger:
        """The ledger."""
        from atelier.sweep.chunk_store import Ledger

        return Ledger(self._filepath)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

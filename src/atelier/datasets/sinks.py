"""Sinks: datasets that load as an object to which a node writes while it runs."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from atelier.datasets.base import ReadOnlyDataset
from atelier.datasets.npz import read_npz, write_npz
from atelier.types import Array, Arrays

if TYPE_CHECKING:
    from atelier.sweep.chunk_store import StudyFolder

logger = logging.getLogger(__name__)

CONTINUES = "atelier.continues"
"""The tag of a run that names the run which it continues."""


class MlflowMetricLog:
    """Logs each row of metrics to the active MLflow run at once, one step for each row.

    Args:
        prefix: The first part of the metrics' names, by which MLflow groups charts.
        names: Whole names of metrics that are called otherwise than ``<prefix>/<metric>``.
        active: False logs nothing.
    """

    def __init__(
        self, prefix: str, *, names: Mapping[str, str] | None = None, active: bool = True
    ) -> None:
        self._prefix, self._names = prefix, names or {}
        self._active, self._step = active, 0

    def append(self, metrics: dict[str, float]) -> None:
        """Logs one more epoch; its step is its number, from 1."""
        import mlflow

        self._step += 1
        if self._active and mlflow.active_run():
            named = {
                self._names.get(name, f"{self._prefix}/{name}"): value
                for name, value in metrics.items()
            }
            mlflow.log_metrics(named, step=self._step)


class MetricLogDataset(ReadOnlyDataset):
    """Loads as an empty :class:`MlflowMetricLog`.

    Args:
        prefix: The first part of the metrics' names.
        names: Whole names of metrics that are called otherwise than ``<prefix>/<metric>``.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self,
        *,
        prefix: str,
        names: Mapping[str, str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metadata=metadata, prefix=prefix)
        self._prefix, self._names = prefix, names
        self._logging_activated = True  # kedro-mlflow's switch for untracked pipelines

    def load(self) -> MlflowMetricLog:
        """Returns a log that begins at step 1."""
        return MlflowMetricLog(self._prefix, names=self._names, active=self._logging_activated)


class FileCheckpoint:
    """One state in one npz file, with its fingerprint and its MLflow run.

    Args:
        path: The file, which need not exist.
        code: Digest of the code that made the state; empty where it is not known.
    """

    def __init__(self, path: Path, *, code: str = "") -> None:
        self._path, self._code = path, code

    def with_code(self, code: str) -> Self:
        """Returns the checkpoint of some code: a state of other code is not restored."""
        return type(self)(self._path, code=code)

    def restore(self, fingerprint: str) -> Arrays | None:
        """Returns the state saved under ``fingerprint``, or None; tags the run that continues.

        Raises:
            ValueError: If the file is damaged, or no checkpoint.
        """
        if not self._path.is_file():
            return None
        state = read_npz(self._path)
        if not {"fingerprint", "run_id"} <= state.keys():
            raise ValueError(
                f"{self._path}: Expected a checkpoint. Received: arrays {', '.join(state)}; remove "
                "the file to start anew"
            )
        if str(state.pop("fingerprint")) != fingerprint + self._code:
            logger.warning(
                "%s belongs to other data, parameters or code: starting anew",
                self._path,
            )
            return None
        self._tag_continued(str(state.pop("run_id")))
        return state

    def save(self, fingerprint: str, state: Arrays) -> None:
        """Replaces the file as a whole."""
        identity = fingerprint + self._code
        marks = {"fingerprint": np.array(identity), "run_id": np.array(self._run_id())}
        write_npz(self._path, dict(state) | marks)

    def clear(self) -> None:
        """Removes the file."""
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


class CheckpointDataset(ReadOnlyDataset):
    """Loads as a :class:`FileCheckpoint`.

    Args:
        filepath: The file, which need not exist.
        metadata: For Kedro-Viz.
    """

    def __init__(self, *, filepath: str, metadata: Mapping[str, Any] | None = None) -> None:
        super().__init__(metadata=metadata, filepath=filepath)
        self._filepath = Path(filepath)

    def load(self) -> FileCheckpoint:
        """Returns the checkpoint at this path, whether it holds a state or not."""
        return FileCheckpoint(self._filepath)


class MlflowImageLog:
    """Logs each picture to the active MLflow run at once, under one name, step by step.

    Args:
        name: The name of all pictures.
        active: False logs nothing.
    """

    def __init__(self, name: str, *, active: bool = True) -> None:
        self._name, self._active, self._step = name, active, 0

    def append(self, picture: Array) -> None:
        """Logs one more picture; the first has step 0."""
        import mlflow

        if self._active and mlflow.active_run():
            mlflow.log_image(picture, key=self._name, step=self._step, synchronous=True)
        self._step += 1


class MlflowRunSinks:
    """Metrics and pictures in MLflow, checkpoints in one folder.

    Args:
        folder: The folder of the checkpoints.
        active: False logs nothing.
        code: Digest of the code that makes the checkpoints; empty where it is not known.
    """

    def __init__(self, folder: Path, *, active: bool = True, code: str = "") -> None:
        self._folder, self._active, self._code = folder, active, code

    def with_code(self, code: str) -> Self:
        """Returns sinks whose checkpoints belong to some code."""
        return type(self)(self._folder, active=self._active, code=code)

    def metric_log(self, name: str) -> MlflowMetricLog:
        """Returns a log of metrics called ``<name>/<metric>``."""
        return MlflowMetricLog(name, active=self._active)

    def image_log(self, name: str) -> MlflowImageLog:
        """Returns a log of pictures that are all called ``name``."""
        return MlflowImageLog(name, active=self._active)

    def checkpoint(self, name: str) -> FileCheckpoint:
        """Returns the checkpoint of that name in the folder."""
        return FileCheckpoint(self._folder / f"{name}.npz", code=self._code)

    def clear(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


class RunSinksDataset(ReadOnlyDataset):
    """Loads as a :class:`MlflowRunSinks`.

    Args:
        filepath: The folder of the checkpoints.
        metadata: For Kedro-Viz.
    """

    def __init__(self, *, filepath: str, metadata: Mapping[str, Any] | None = None) -> None:
        super().__init__(metadata=metadata, filepath=filepath)
        self._filepath = Path(filepath)
        self._logging_activated = True

    def load(self) -> MlflowRunSinks:
        """Returns sinks whose checkpoints are in this folder."""
        return MlflowRunSinks(self._filepath, active=self._logging_activated)


class ChunkStoreDataset(ReadOnlyDataset):
    """Loads as the :class:`atelier.sweep.chunk_store.StudyFolder` of a folder."""

    def __init__(self, *, filepath: str, metadata: Mapping[str, Any] | None = None) -> None:
        super().__init__(metadata=metadata, filepath=filepath)
        self._filepath = Path(filepath)

    def load(self) -> StudyFolder:
        """Returns the store, whether the folder exists or not."""
        from atelier.sweep.chunk_store import StudyFolder

        return StudyFolder(self._filepath)

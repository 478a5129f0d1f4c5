"""The trainings of a sweep as runs in MLflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from atelier.datasets.base import FileDataset
from atelier.storage.atomic_write import atomic_path
from atelier.storage.processes import PROCESS, this_process

HYPERPARAMETERS = ("optimizer", "dropout", "learning_rate", "seed")


class MemberRunsDataset(FileDataset):
    """Logs every row of a table of trainings as a run below the active one.

    Args:
        filepath: A JSON file with the ids of the runs. It exists once the rows are logged.
        names: Names in MLflow of metrics that are called otherwise than their column.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self,
        *,
        filepath: str,
        names: Mapping[str, str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, metadata=metadata)
        self._names = names or {}
        self._logging_activated = True

    def save(self, data: pd.DataFrame) -> None:
        """Logs the rows, if there is an active run."""
        import mlflow

        parent = mlflow.active_run()
        if not (self._logging_activated and parent):
            return
        client = mlflow.MlflowClient()
        rows = [{str(key): value for key, value in row.items()} for row in data.to_dict("records")]
        logged = [_log_member(client, parent.info, row, self._names) for row in rows]
        with atomic_path(self._filepath) as partial:
            partial.write_text(json.dumps({"parent": parent.info.run_id, "runs": logged}, indent=2))

    def load(self) -> dict[str, Any]:
        """Returns the ids of the parent and of the runs below it; the runs are in MLflow."""
        record: dict[str, Any] = json.loads(self._filepath.read_text(encoding="utf-8"))
        return record


def _log_member(client: Any, parent: Any, row: dict[str, Any], names: Mapping[str, str]) -> str:
    """Returns the id of the run that the row became."""
    from mlflow.entities import Metric, Param
    from mlflow.utils.time import get_current_time_millis

    name = f"{row['optimizer']}, dropout {row['dropout']:g}, rate {row['learning_rate']:.2g}"
    tags = {"mlflow.parentRunId": parent.run_id, PROCESS: this_process()}
    run = client.create_run(parent.experiment_id, run_name=name, tags=tags)
    now = get_current_time_millis()
    metrics = [
        Metric(names.get(key, key), float(value), now, 0)
        for key, value in row.items()
        if key not in HYPERPARAMETERS and not isinstance(value, str)
    ]
    params = [Param(key, str(row[key])) for key in HYPERPARAMETERS]
    client.log_batch(run.info.run_id, metrics=metrics, params=params)
    client.set_terminated(run.info.run_id)
    return str(run.info.run_id)

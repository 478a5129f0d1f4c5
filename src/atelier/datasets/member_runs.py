"""A study's trainings as runs in MLflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset, DatasetError

from atelier.storage.atomic_write import atomic_path
from atelier.storage.processes import PROCESS, this_process

NUMBERS = ("optimizer", "dropout", "learning_rate", "seed")


class MemberRunsDataset(AbstractDataset[pd.DataFrame, None]):
    """Gives every row of a study's table a run of its own under the active one.

    Args:
        filepath: A JSON file with the runs' ids. It tells that the rows are logged.
    """

    def __init__(self, *, filepath: str, metadata: Mapping[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self._logging_activated = True
        self.metadata = metadata

    def save(self, data: pd.DataFrame) -> None:
        """Log the rows, if there is an active run."""
        import mlflow

        parent = mlflow.active_run()
        if not (self._logging_activated and parent):
            return
        client = mlflow.MlflowClient()
        rows = [{str(key): value for key, value in row.items()} for row in data.to_dict("records")]
        logged = [_log_member(client, parent.info, row) for row in rows]
        with atomic_path(self._filepath) as partial:
            partial.write_text(json.dumps({"parent": parent.info.run_id, "runs": logged}, indent=2))

    def load(self) -> None:
        """Refuse: the runs are in MLflow."""
        raise DatasetError("Expected the runs to be looked up in MLflow. Received: load")

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


def _log_member(client: Any, parent: Any, row: dict[str, Any]) -> str:
    """Returns the id of the run that the row became."""
    from mlflow.entities import Metric, Param
    from mlflow.utils.time import get_current_time_millis

    name = f"{row['optimizer']}, dropout {row['dropout']:g}, rate {row['learning_rate']:.2g}"
    tags = {"mlflow.parentRunId": parent.run_id, PROCESS: this_process()}
    run = client.create_run(parent.experiment_id, run_name=name, tags=tags)
    now = get_current_time_millis()
    metrics = [
        Metric(key, float(value), now, 0)
        for key, value in row.items()
        if key not in NUMBERS and not isinstance(value, str)
    ]
    params = [Param(key, str(row[key])) for key in NUMBERS]
    client.log_batch(run.info.run_id, metrics=metrics, params=params)
    client.set_terminated(run.info.run_id)
    return str(run.info.run_id)

"""A study's trainings as runs in MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset, DatasetError

NUMBERS = ("optimizer", "dropout", "learning_rate", "seed")


class MemberRunsDataset(AbstractDataset[pd.DataFrame, None]):
    """Gives every row of a study's table a run of its own under the active one."""

    def __init__(self, *, metadata: Mapping[str, Any] | None = None) -> None:
        self._logging_activated = True
        self.metadata = metadata

    def save(self, data: pd.DataFrame) -> None:
        """Log the rows, if there is an active run."""
        import mlflow

        parent = mlflow.active_run()
        if not (self._logging_activated and parent):
            return
        client = mlflow.MlflowClient()
        for row in data.to_dict("records"):
            _log_member(client, parent.info, {str(key): value for key, value in row.items()})

    def load(self) -> None:
        """Refuse: the runs are in MLflow."""
        raise DatasetError("Expected the runs to be looked up in MLflow. Received: load")

    def _exists(self) -> bool:
        return False

    def _describe(self) -> dict[str, Any]:
        return {}


def _log_member(client: Any, parent: Any, row: dict[str, Any]) -> None:
    from mlflow.entities import Metric, Param
    from mlflow.utils.time import get_current_time_millis

    name = f"{row['optimizer']}, dropout {row['dropout']:g}, rate {row['learning_rate']:.2g}"
    run = client.create_run(
        parent.experiment_id, run_name=name, tags={"mlflow.parentRunId": parent.run_id}
    )
    now = get_current_time_millis()
    metrics = [
        Metric(key, float(value), now, 0)
        for key, value in row.items()
        if key not in NUMBERS and not isinstance(value, str)
    ]
    params = [Param(key, str(row[key])) for key in NUMBERS]
    client.log_batch(run.info.run_id, metrics=metrics, params=params)
    client.set_terminated(run.info.run_id)

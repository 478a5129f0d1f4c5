"""What a node returns and MLflow should know: metrics, and where data came from.

MLflow is imported only when something is saved or loaded. Without an active run the files are
written all the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from atelier.datasets.atomic import RecordDataset

DIGEST_LENGTH = 36
"""MLflow's limit for a data set's digest."""


UI = "http://127.0.0.1:5000"
"""Where ``make ui`` serves."""


def run_page(experiment: str, run: str) -> str:
    """Address of a run's page: at the tracking server, or where ``make ui`` serves a file store."""
    import mlflow

    uri = mlflow.get_tracking_uri()
    return f"{uri if uri.startswith('http') else UI}/#/experiments/{experiment}/runs/{run}"


class _TrackedRecord(RecordDataset):
    """A JSON file whose content also goes to the active MLflow run, if there is one."""

    def __init__(
        self, *, filepath: str, prefix: str, metadata: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(filepath=filepath, save_args={"indent": 2}, metadata=metadata)
        self._prefix = prefix
        self._logging_activated = True  # kedro-mlflow's switch for untracked pipelines

    @property
    def _tracks(self) -> bool:
        import mlflow

        return self._logging_activated and mlflow.active_run() is not None


class MetricsDataset(_TrackedRecord):
    """Numbers by name: a JSON file, and MLflow metrics called ``<prefix>.<name>``."""

    def save(self, data: Mapping[str, float]) -> None:
        """Write the file, then log every number."""
        numbers = {name: float(value) for name, value in data.items()}
        super().save(numbers)
        if self._tracks:
            import mlflow

            mlflow.log_metrics({f"{self._prefix}.{name}": x for name, x in numbers.items()})


class ProvenanceDataset(_TrackedRecord):
    """Where data came from; logged as the run's input, by the run that makes it and all that read.

    The record has at least ``name`` and ``digest``.

    Args:
        tag: The tag of the run that says the name; ``<prefix>.source`` unless told.
    """

    def __init__(
        self,
        *,
        filepath: str,
        prefix: str,
        tag: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, prefix=prefix, metadata=metadata)
        self._tag = tag or f"{prefix}.source"

    def save(self, data: Mapping[str, Any]) -> None:
        """Write the file, then log the run's input."""
        super().save(dict(data))
        self._log(data)

    def load(self) -> dict[str, Any]:
        """The record; the run that reads it has this data as its input."""
        data: dict[str, Any] = super().load()
        self._log(data)
        return data

    def _log(self, data: Mapping[str, Any]) -> None:
        if not self._tracks:
            return
        import mlflow
        from mlflow.data.code_dataset_source import CodeDatasetSource
        from mlflow.data.meta_dataset import MetaDataset

        source = CodeDatasetSource({"record": str(self._filepath)})
        name, digest = f"{self._prefix}.{data['name']}", data["digest"][:DIGEST_LENGTH]
        facts = {key: x if isinstance(x, str) else json.dumps(x) for key, x in data.items()}
        record = MetaDataset(source, name=name, digest=digest)
        try:
            mlflow.log_input(record, self._prefix, facts)
        except mlflow.MlflowException as error:
            if error.error_code != "BAD_REQUEST":  # MLflow's word for what the database refuses
                raise
            # Such as another run's insert of the same data set at this moment: by now it is there.
            mlflow.log_input(record, self._prefix, facts)
        mlflow.set_tag(self._tag, data["name"])

"""Files whose content is logged to MLflow as well: metrics, and where data came from.

MLflow is imported only when a dataset is saved or loaded. Without an active run only the files are
written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from kedro.io import DatasetError

from atelier.datasets.atomic import RecordDataset

DIGEST_LENGTH = 36
"""MLflow's limit for a data set's digest."""


UI = "http://127.0.0.1:5000"
"""The address of ``make ui``."""


def run_page(experiment: str, run: str) -> str:
    """Returns the address of a run's page: at the tracking server, or at ``make ui``.

    Args:
        experiment: The experiment's id.
        run: The run's id.
    """
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
    """Numbers by name: a JSON file, and MLflow metrics called ``<prefix>/<name>``.

    Args:
        filepath: The path of the JSON file.
        prefix: The first part of the names in MLflow, by which it groups charts.
        headlines: Patterns of the names that become metrics, such as ``f1*``; by default all do.
            The file with all numbers is then an artifact of the run.
        artifact_path: The folder of that artifact; by default the run's own.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self,
        *,
        filepath: str,
        prefix: str,
        headlines: Sequence[str] = ("*",),
        artifact_path: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, prefix=prefix, metadata=metadata)
        self._headlines, self._artifact_path = tuple(headlines), artifact_path

    def save(self, data: Mapping[str, float]) -> None:
        """Writes the file, then logs the headlines, and the file where it has more than these.

        Raises:
            DatasetError: If no number has a name of one of the headlines.
        """
        numbers = {name: float(value) for name, value in data.items()}
        headlines = select_headlines(numbers, self._headlines)
        super().save(numbers)
        if self._tracks:
            import mlflow

            mlflow.log_metrics({f"{self._prefix}/{name}": x for name, x in headlines.items()})
            if len(headlines) < len(numbers):
                mlflow.log_artifact(str(self._filepath), self._artifact_path)


def select_headlines(numbers: Mapping[str, float], patterns: Sequence[str]) -> dict[str, float]:
    """Returns the numbers whose name matches a pattern, in their order.

    Args:
        numbers: Numbers by name.
        patterns: Names, in which ``*`` stands for any text.

    Raises:
        DatasetError: If a pattern matches no name.

    Examples:
        >>> select_headlines({"f1": 0.5, "f1_low": 0.25, "iou": 0.75, "n": 9}, ["f1*", "n"])
        {'f1': 0.5, 'f1_low': 0.25, 'n': 9}
    """
    unknown = [item for item in patterns if not any(fnmatchcase(name, item) for name in numbers)]
    if numbers and unknown:
        raise DatasetError(
            f"Expected headlines among the metrics {', '.join(numbers)}. Received: "
            f"{', '.join(unknown)}, which none of them matches; correct `headlines` in conf/"
        )
    return {
        name: number
        for name, number in numbers.items()
        if any(fnmatchcase(name, item) for item in patterns)
    }


class ProvenanceDataset(_TrackedRecord):
    """Where data came from; logged as an input of the run that writes it and of those that read it.

    The record has at least ``name`` and ``digest``.

    Args:
        filepath: The path of the JSON file.
        prefix: The first part of the names in MLflow.
        tag: The tag of the run that has the data's name; by default ``<prefix>.source``.
        metadata: For Kedro-Viz.
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
        """Writes the file, then logs the run's input."""
        super().save(dict(data))
        self._log(data)

    def load(self) -> dict[str, Any]:
        """Returns the record, and logs it as an input of the active run."""
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
        context = {key: x if isinstance(x, str) else json.dumps(x) for key, x in data.items()}
        record = MetaDataset(source, name=name, digest=digest)
        try:
            mlflow.log_input(record, self._prefix, context)
        except mlflow.MlflowException as error:
            if error.error_code != "BAD_REQUEST":  # MLflow's code where the database refuses
                raise
            # Another run may have inserted the same data set at this moment: now it exists.
            mlflow.log_input(record, self._prefix, context)
        mlflow.set_tag(self._tag, data["name"])

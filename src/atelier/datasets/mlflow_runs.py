"""The runs of a comparison, and the run that the comparison is stored with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kedro.io import DatasetError

from atelier.comparison.metrics import metric_names
from atelier.comparison.records import (
    Comparison,
    Link,
    PublishedComparison,
    RecordedRun,
    RunComparison,
)
from atelier.comparison.requests import parse_run_ids
from atelier.datasets.base import FileDataset, ReadOnlyDataset
from atelier.datasets.recorded_runs import COMPARISONS, read_run
from atelier.datasets.run_search import (
    PIPELINE,
    experiment_runs,
    find_run,
    last_two_runs,
    mlflow_experiment_name,
)
from atelier.storage.atomic_write import atomic_path

NOTE, COMPARED_WITH = "mlflow.note.content", "compared_with"
"""Tags: a run's description, and the ids of the runs that it was compared with."""


class ComparedRunsDataset(ReadOnlyDataset):
    """Loads runs of MLflow as a :class:`atelier.comparison.Comparison`.

    Args:
        runs: Ids joined by +, each whole or its first digits; the first run is the baseline. A run
            of a command stands for the runs of its experiments.
        experiment: Such as ``train.digits``: its last two finished runs. By default that of the
            newest run. Only one of both may be given.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self,
        *,
        runs: Any = None,
        experiment: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metadata=metadata, runs=runs, experiment=experiment)
        self._runs, self._experiment = runs, experiment

    def load(self) -> Comparison:
        """Returns the runs that are to be compared.

        Raises:
            DatasetError: If they cannot be compared; the message says why.
        """
        if self._runs is not None and self._experiment is not None:
            raise DatasetError(
                "Expected runs=ID1+ID2 or experiment=NAME. Received: both, "
                f"runs={self._runs} and experiment={self._experiment}"
            )
        named = self._named()
        groups = {run.info.run_id: experiment_runs(run) for run in named}
        comparisons = tuple(_comparisons(named, groups))
        records = {run.run_id: run for item in comparisons for run in item.runs}
        return Comparison(
            named=tuple(
                records.get(run.info.run_id) or read_run(run, with_results=False) for run in named
            ),
            experiments=comparisons,
        )

    def _named(self) -> list[Any]:
        if self._runs is None:
            return last_two_runs(self._experiment)
        try:
            prefixes = parse_run_ids(str(self._runs))
        except ValueError as error:
            raise DatasetError(str(error)) from None
        runs = [find_run(prefix) for prefix in prefixes]
        ids = [run.info.run_id for run in runs]
        if len(set(ids)) < len(ids):
            raise DatasetError(
                f"Expected different runs. Received: one of them twice, {self._runs}"
            )
        return runs


def _comparisons(named: Sequence[Any], groups: Mapping[str, Sequence[Any]]) -> list[RunComparison]:
    """Returns the experiments that all runs have in common; runs of one experiment in any case."""
    if all(_is_single(run, groups[run.info.run_id]) for run in named):
        runs = tuple(map(read_run, named))
        _check_common_metrics(runs)
        return [RunComparison(" and ".join(dict.fromkeys(run.experiment for run in runs)), runs)]
    by_name = [{mlflow_experiment_name(run): run for run in group} for group in groups.values()]
    common = [name for name in by_name[0] if all(name in other for other in by_name[1:])]
    common = [name for name in common if len({other[name].info.run_id for other in by_name}) > 1]
    if not common:
        listed = "; ".join(f"{run.info.run_id[:8]}: {', '.join(by_name[index])}"
                           for index, run in enumerate(named))  # fmt: skip
        raise DatasetError(f"Expected runs with an experiment in common. Received: {listed}")
    return [
        RunComparison(name, tuple(read_run(other[name]) for other in by_name)) for name in common
    ]


def _is_single(run: Any, group: Sequence[Any]) -> bool:
    return PIPELINE in run.data.tags or [item.info.run_id for item in group] == [run.info.run_id]


def _check_common_metrics(runs: Sequence[RecordedRun]) -> None:
    """Runs of different experiments can be compared where they measured the same."""
    if len({run.experiment for run in runs}) == 1:
        return
    if not metric_names(runs):
        listed = ", ".join(f"{run.short_id} of {run.experiment}" for run in runs)
        raise DatasetError(
            "Expected runs of one experiment, or of different ones with a metric of the same name. "
            f"Received: {listed}, which have none in common"
        )


class PublishedComparisonDataset(FileDataset):
    """Stores a comparison with the newest of its runs, and links it from the others' descriptions.

    Args:
        filepath: A JSON file with the run and the address of the page.
        metadata: For Kedro-Viz.
    """

    def save(self, data: PublishedComparison) -> None:
        """Logs page and tables as artifacts ``compare/…``, then sets tags and descriptions."""
        import mlflow

        client = mlflow.MlflowClient()
        baseline_ids = [run.short_id for run in data.links[0].others]
        name = "_".join(baseline_ids)
        _log_files(client, data, name)
        address = f"{data.run.page}/artifacts/{COMPARISONS}/{name}.html"
        for link in data.links:
            _describe(client, link, data.run, address)
        with atomic_path(self._filepath) as partial:
            record = {"run": data.run.run_id, "page": address}
            partial.write_text(json.dumps(record, indent=2), encoding="utf-8")

    def load(self) -> dict[str, str]:
        """Returns the id of the run, and the address of the page in MLflow."""
        record: dict[str, str] = json.loads(self._filepath.read_text(encoding="utf-8"))
        return record


def _log_files(client: Any, data: PublishedComparison, name: str) -> None:
    with TemporaryDirectory() as folder:
        page = Path(folder, f"{name}.html")
        page.write_text(data.page, encoding="utf-8")
        for table_name, table in data.tables.items():
            table.to_parquet(Path(folder, f"{name}_{table_name}.parquet"))
        client.log_artifacts(data.run.run_id, folder, COMPARISONS)


def _describe(client: Any, link: Link, holder: RecordedRun, address: str) -> None:
    """Adds a line to a run's description, and the ids to its tag, once.

    The link has the part of the address after the host only, so that it opens on any server.
    """
    tags = client.get_run(link.run.run_id).data.tags
    note = tags.get(NOTE, "")
    others = " and ".join(f"{run.name} ({run.short_id})" for run in link.others)
    place = "" if link.run.run_id == holder.run_id else f", on the page of {holder.name}"
    line = f"Comparison: [with {others}](#{address.partition('#')[2]}){place}"
    if line not in note:
        client.set_tag(link.run.run_id, NOTE, f"{note.rstrip()}\n\n{line}\n".lstrip())
    ids = [*tags.get(COMPARED_WITH, "").split(), *(run.run_id for run in link.others)]
    client.set_tag(link.run.run_id, COMPARED_WITH, " ".join(dict.fromkeys(ids)))

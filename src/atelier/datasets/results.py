"""The whole catalog as one input: the results that exist, and the run that wrote each of them."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol

from atelier.datasets.base import ReadOnlyDataset
from atelier.datasets.tracked import run_page
from atelier.report.claims.summaries import summarize_claims
from atelier.report.results import ExperimentResults, Run
from atelier.storage.digests import bytes_digest, file_digest
from atelier.storage.origins import Origin, Writer, read_origin, record_path

KINDS = ("_metrics", "_table", "_text", "_plot", "_figure", "_animation", ".provenance")
FILES = ("_figure", "_animation")


class ExistingDatasets(Mapping[str, Any]):
    """The datasets of a catalog that exist, each loaded when it is looked up.

    Args:
        catalog: The catalog of a session.
        names: The datasets to look for.
    """

    def __init__(self, catalog: CatalogProtocol[Any, Any], names: Iterable[str]) -> None:
        self._catalog = catalog
        self._names = [name for name in names if catalog.exists(name)]

    def __getitem__(self, name: str) -> Any:
        """Loads a dataset; of a picture or an animation, returns the path."""
        if name not in self._names:
            raise KeyError(name)
        return self.path(name) if name.endswith(FILES) else self._catalog.load(name)

    def path(self, name: str) -> Path:
        """Returns the path of a dataset's file."""
        return Path(self._catalog[name]._filepath)

    def __iter__(self) -> Iterator[str]:
        """Yields the names."""
        return iter(self._names)

    def __len__(self) -> int:
        """Returns how many datasets exist."""
        return len(self._names)


class ExperimentResultsDataset(ReadOnlyDataset):
    """Loads as :class:`ExperimentResults` of all registered pipelines, with the run of each.

    Args:
        env: Kedro's environment.
        path: The project's folder of results, with the ledger of claims; it need not exist.
        metadata: With ``reads_catalog``, by which a hook sets :attr:`catalog`.
    """

    catalog: CatalogProtocol[Any, Any] | None = None

    def __init__(
        self, *, env: str, path: str = "results", metadata: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(metadata=metadata, env=env)
        self._env = env
        self._results = Path(path)

    def content_digest(self) -> str | None:
        """Returns the digest of the results that exist, of their records and of the claims."""
        if self.catalog is None:
            return None
        datasets = ExistingDatasets(self.catalog, _results())
        paths = [path for name in datasets for path in _with_record(datasets.path(name))]
        claims = sorted(self._results.rglob("*.yml"))
        lines = [f"{path.name} {file_digest(path)}" for path in (*paths, *claims)]
        return bytes_digest("\n".join([*datasets, *lines]).encode())

    def load(self) -> ExperimentResults:
        """Returns the results that exist at this moment.

        Raises:
            ValueError: If no session has set the catalog.
        """
        if self.catalog is None:
            raise ValueError("Expected a catalog made by a Kedro session. Received: none")
        datasets = ExistingDatasets(self.catalog, _results())
        return ExperimentResults(
            env=self._env,
            written=_format_time(dt.datetime.now(dt.UTC)),
            datasets=datasets,
            runs=_runs(datasets),
            claims=summarize_claims(self._results),
            sources={
                name.split(".")[0]: _format_source(datasets[name])
                for name in datasets
                if name.endswith(".provenance")
            },
        )


def _results() -> list[str]:
    """Returns the names of the datasets that the report shows."""
    return [name for name in _registered_outputs() if name.endswith(KINDS)]


def _with_record(path: Path) -> list[Path]:
    """Returns a file, and the record of the run that wrote it, if there is one."""
    record = record_path(path)
    return [path, record] if record.is_file() else [path]


def _registered_outputs() -> list[str]:
    from kedro.framework.project import pipelines

    outputs = (pipeline.all_outputs() for name, pipeline in pipelines.items() if name[:2] != "__")
    return sorted(set().union(*outputs))


def _format_source(provenance: Mapping[str, Any]) -> str:
    return f"{provenance['name']} ({provenance['source']}): {provenance['citation']}"


def _format_time(moment: dt.datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _runs(datasets: ExistingDatasets) -> dict[str, Run]:
    """Returns for each dataset whose writer is recorded the run that wrote it."""
    origins = {name: read_origin(datasets.path(name)) for name in datasets}
    page = functools.cache(_page)
    return {name: _run(origin, page) for name, origin in origins.items() if origin}


def _run(origin: Origin, page: Callable[[str], str | None]) -> Run:
    def describe(writer: Writer, parameters: Mapping[str, str], inputs: tuple[Run, ...]) -> Run:
        return Run(
            run_id=writer.run_id,
            began=_format_time(dt.datetime.fromisoformat(writer.began)),
            command=writer.command,
            page=page(writer.run_id),
            parameters=parameters,
            pipelines=writer.pipelines,
            inputs=inputs,
            command_run_id=writer.command_run_id,
            command_page=page(writer.command_run_id),
        )

    inputs = tuple(describe(writer, {}, ()) for writer in origin.inputs)
    parameters = {name: " / ".join(values) for name, values in origin.parameters.items()}
    return describe(origin.writer, parameters, inputs)


def _page(run_id: str) -> str | None:
    """Returns the address of a run's page; None where MLflow has no such run, or has deleted it."""
    import mlflow

    if not run_id:
        return None
    try:
        info = mlflow.MlflowClient().get_run(run_id).info
    except mlflow.MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return run_page(info.experiment_id, run_id) if info.lifecycle_stage == "active" else None

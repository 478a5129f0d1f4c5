"""The whole catalog as one input: what there is, and the run that wrote each part of it."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, CatalogProtocol

from atelier.datasets.tracked import run_page
from atelier.report.results import ExperimentResults, Run
from atelier.storage.origins import Origin, Writer, read_origin

KINDS = ("_metrics", "_table", "_text", "_plot", "_figure", "_animation", ".provenance")
FILES = ("_figure", "_animation")


class Found(Mapping[str, Any]):
    """Datasets of a catalog that are there, read when asked for."""

    def __init__(self, catalog: CatalogProtocol[Any, Any], names: Iterable[str]) -> None:
        self._catalog = catalog
        self._names = [name for name in names if catalog.exists(name)]

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self.path(name) if name.endswith(FILES) else self._catalog.load(name)

    def path(self, name: str) -> Path:
        """Returns where the dataset's file lies."""
        return Path(self._catalog[name]._filepath)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class ExperimentResultsDataset(AbstractDataset[None, ExperimentResults]):
    """Loads as the lab: reports of every pipeline that is registered, and the run that wrote each.

    A hook tells it the catalog that it is part of.
    """

    def __init__(self, *, env: str, metadata: Mapping[str, Any] | None = None) -> None:
        self._env = env
        self._catalog: CatalogProtocol[Any, Any] | None = None
        self.metadata = metadata

    def belongs_to(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Remember the catalog."""
        self._catalog = catalog

    def load(self) -> ExperimentResults:
        """What there is at this moment."""
        from kedro.framework.project import pipelines

        if self._catalog is None:
            raise ValueError("Expected a catalog made by a Kedro session. Received: none")
        single = {name: one for name, one in pipelines.items() if name != "__default__"}
        outputs = {name for one in single.values() for name in one.all_outputs()}
        data = Found(self._catalog, sorted(name for name in outputs if name.endswith(KINDS)))
        return ExperimentResults(
            env=self._env,
            written=_in_words(dt.datetime.now(dt.UTC)),
            datasets=data,
            runs=_runs(data),
            sources={
                name.split(".")[0]: _source(data[name])
                for name in data
                if name.endswith(".provenance")
            },
        )

    def save(self, _: None) -> None:
        """Nothing is saved here."""
        raise NotImplementedError("Expected to be read only. Received: data to save")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"env": self._env}


def _source(provenance: Mapping[str, Any]) -> str:
    return f"{provenance['name']} ({provenance['source']}): {provenance['citation']}"


def _in_words(moment: dt.datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _runs(data: Found) -> dict[str, Run]:
    """Returns for each dataset whose writer is recorded the run that wrote it."""
    known = {name: origin for name in data if (origin := read_origin(data.path(name)))}
    page = functools.cache(_page)
    return {name: _run(origin, page) for name, origin in known.items()}


def _run(origin: Origin, page: Callable[[str], str | None]) -> Run:
    def described(writer: Writer, parameters: Mapping[str, str], inputs: tuple[Run, ...]) -> Run:
        return Run(
            run_id=writer.run_id,
            began=_in_words(dt.datetime.fromisoformat(writer.began)),
            command=writer.command,
            page=page(writer.run_id),
            parameters=parameters,
            pipelines=writer.pipelines,
            inputs=inputs,
        )

    inputs = tuple(described(writer, {}, ()) for writer in origin.inputs)
    parameters = {name: " / ".join(values) for name, values in origin.parameters.items()}
    return described(origin.writer, parameters, inputs)


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

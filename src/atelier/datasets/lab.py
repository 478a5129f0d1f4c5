"""The whole catalog as one input: what there is, and the runs that made it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, CatalogProtocol

from atelier.datasets.tracked import run_page
from atelier.report.lab import Lab, Run

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
        if name.endswith(FILES):
            return Path(self._catalog[name]._filepath)
        return self._catalog.load(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class LabDataset(AbstractDataset[None, Lab]):
    """Loads as the lab: reports of every pipeline that is registered, and the newest run of each.

    A hook tells it the catalog that it is part of.
    """

    def __init__(self, *, edition: str, metadata: Mapping[str, Any] | None = None) -> None:
        self._edition = edition
        self._catalog: CatalogProtocol[Any, Any] | None = None
        self.metadata = metadata

    def belongs_to(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Remember the catalog."""
        self._catalog = catalog

    def load(self) -> Lab:
        """What there is at this moment."""
        from kedro.framework.project import pipelines

        if self._catalog is None:
            raise ValueError("Expected a catalog made by a Kedro session. Received: none")
        single = {name: one for name, one in pipelines.items() if name != "__default__"}
        outputs = {name for one in single.values() for name in one.all_outputs()}
        data = Found(self._catalog, sorted(name for name in outputs if name.endswith(KINDS)))
        inputs = {
            name: tuple(one.removeprefix("params:") for one in pipeline.inputs() if ":" in one)
            for name, pipeline in single.items()
        }
        return Lab(
            edition=self._edition,
            written=_in_words(dt.datetime.now(dt.UTC)),
            datasets=data,
            runs=newest_runs(self._edition, inputs),
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
        return {"edition": self._edition}


def _source(provenance: Mapping[str, Any]) -> str:
    return f"{provenance['name']} ({provenance['source']}): {provenance['citation']}"


def _in_words(moment: dt.datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def newest_runs(edition: str, parameters: Mapping[str, tuple[str, ...]]) -> dict[str, Run]:
    """The newest finished or present MLflow run of each pipeline, if there is one.

    Args:
        edition: The environment whose runs count.
        parameters: For each pipeline the groups of parameters that it reads.
    """
    import mlflow

    client, active = mlflow.MlflowClient(), mlflow.active_run()
    experiments = [one.experiment_id for one in client.search_experiments()]
    found: dict[str, Run] = {}
    for run in client.search_runs(experiments, "tags.kedro_command != ''", max_results=1000):
        tags = run.data.tags
        here = active is not None and run.info.run_id == active.info.run_id
        if tags.get("env", "base") != edition or not (here or run.info.status == "FINISHED"):
            continue
        for name in _of_run(tags, parameters):
            found.setdefault(name, _told(run, name, parameters[name]))
    return found


def _of_run(tags: Mapping[str, str], pipelines: Iterable[str]) -> list[str]:
    """The pipelines that a run was of: all by default."""
    named = tags.get("pipeline_names", "__default__")
    return [name for name in pipelines if "__default__" in named or f"'{name}'" in named]


def _told(run: Any, pipeline: str, groups: tuple[str, ...]) -> Run:
    command = run.data.tags["kedro_command"]
    if " --pipeline" not in command:  # a run of all: this one of them
        command = f"{command} --pipeline {pipeline}"
    prefixes = tuple(f"{group}." for group in groups)
    parameters = {key: text for key, text in run.data.params.items() if key.startswith(prefixes)}
    return Run(
        run_id=run.info.run_id,
        began=_in_words(dt.datetime.fromtimestamp(run.info.start_time / 1000, dt.UTC)),
        command=command,
        page=run_page(run.info.experiment_id, run.info.run_id),
        parameters=dict(sorted(parameters.items())),
    )

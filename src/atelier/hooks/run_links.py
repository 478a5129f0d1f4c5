"""What a run is connected with in MLflow: its parent, earlier runs, data and models."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atelier.hooks.experiment_runs import NAMESPACE
from atelier.report.descriptions import RunLink
from atelier.storage.origins import read_origin

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

PARENT = "mlflow.parentRunId"
CONTEXT = "mlflow.data.context"
"""MLflow's tag of an input: the namespace of its dataset."""
COMMIT, DIRTY = "mlflow.source.git.commit", "mlflow.source.git.dirty"
SHORT_DIGEST = 12
SHORT_COMMIT = 7
PROVENANCE = "provenance"


def run_address(experiment_id: str, run_id: str) -> str:
    """Returns the address of a run's page, relative to MLflow's page."""
    return f"#/experiments/{experiment_id}/runs/{run_id}"


class RunLinks:
    """Looks up the runs, the data and the models that belong to a run.

    Args:
        run_id: The id of the run.
        catalog: The datasets of the session.
    """

    def __init__(self, run_id: str, catalog: CatalogProtocol[Any, Any]) -> None:
        import mlflow

        self._client = mlflow.MlflowClient()
        self._run = self._client.get_run(run_id)
        self._catalog = catalog

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the run."""
        return dict(self._run.data.tags)

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return str(self._run.info.run_id)

    @property
    def name(self) -> str:
        """The name of the run."""
        return str(self._run.info.run_name)

    @property
    def address(self) -> str:
        """The address of the run's page."""
        return run_address(self._run.info.experiment_id, self.run_id)

    def code(self) -> str:
        """Returns the commit of the source code, and whether it was changed since."""
        commit = self.tags.get(COMMIT, "")[:SHORT_COMMIT]
        is_dirty = self.tags.get(DIRTY) == "true"
        return f"commit {commit}{' with uncommitted changes' if is_dirty else ''}" if commit else ""

    def parent(self) -> RunLink | None:
        """Returns the run of the command; None for a run that has no parent."""
        parent = self.tags.get(PARENT)
        return self._link(parent) if parent else None

    def models(self) -> tuple[RunLink, ...]:
        """Returns the model versions that the run has registered."""
        versions = self._client.search_model_versions(f"run_id='{self.run_id}'")
        pairs = sorted((version.name, int(version.version)) for version in versions)
        return tuple(
            RunLink(f"{name}, version {number}", f"#/models/{name}/versions/{number}")
            for name, number in pairs
        )

    def inputs(self, datasets: Iterable[str]) -> tuple[RunLink, ...]:
        """Returns the earlier runs that wrote some datasets.

        Args:
            datasets: The datasets that the run has read.
        """
        writers = dict.fromkeys(map(self._writer, datasets))
        links = [self._link(writer) for writer in writers if writer]
        return tuple(link for link in links if link)

    def data(self, datasets: Iterable[str]) -> tuple[RunLink, ...]:
        """Returns the data of the run: name, digest, and the run that made the data.

        Args:
            datasets: The datasets that the run has read.
        """
        links = []
        for namespace, name, digest in self._data_inputs():
            writer = self._writer(f"{namespace}.{PROVENANCE}")
            made_by = self._link(writer) if writer else None
            text = f"{name}, digest {digest[:SHORT_DIGEST]}"
            links.append(RunLink(text, made_by.address if made_by else ""))
        return tuple(links) or tuple(RunLink(source) for source in self._sources(datasets))

    def data_tags(self, datasets: Iterable[str]) -> dict[str, str]:
        """Returns the tags ``data`` and ``digest``, where they are known.

        Args:
            datasets: The datasets that the run has read.
        """
        inputs = self._data_inputs()
        names = [name for _, name, _ in inputs] or self._sources(datasets)
        return {"data": ", ".join(names), "digest": ", ".join(digest for *_, digest in inputs)}

    def _data_inputs(self) -> list[tuple[str, str, str]]:
        """Returns namespace, name and digest of MLflow's inputs; the own namespace comes first."""
        links = []
        for item in self._run.inputs.dataset_inputs:
            namespace = {tag.key: tag.value for tag in item.tags}.get(CONTEXT, "")
            name = item.dataset.name.removeprefix(f"{namespace}.")
            links.append((namespace, name, item.dataset.digest))
        return sorted(links, key=lambda item: item[0] != self.tags.get(NAMESPACE))

    def _sources(self, datasets: Iterable[str]) -> list[str]:
        """Returns the sources of pictures, which have no record of their own."""
        known: list[Any] = [self._catalog.get(name) for name in datasets]
        settings = [item._describe() for item in known if hasattr(item, "_describe")]
        sources = [str(item["source"]) for item in settings if item.get("source")]
        return list(dict.fromkeys(sources))

    def _writer(self, dataset: str) -> str:
        """Returns the id of the earlier run that wrote a dataset; empty where none is recorded."""
        path = getattr(self._catalog.get(dataset), "_filepath", None)
        origin = read_origin(Path(path)) if path is not None else None
        writer = origin.writer.run_id if origin else ""
        return "" if writer == self.run_id else writer

    def _link(self, run_id: str) -> RunLink | None:
        """Returns a run's name and address; None where MLflow has deleted it."""
        import mlflow

        try:
            info = self._client.get_run(run_id).info
        except mlflow.MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        return RunLink(info.run_name, run_address(info.experiment_id, run_id))

"""Every file that a run saves gets a record of the run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from atelier.configuration.command_line import requested_pipelines
from atelier.configuration.redaction import redact
from atelier.hooks.active_runs import active_run_id
from atelier.hooks.tracking import flatten_parameters
from atelier.storage.origins import Origin, Writer, derive_origin, read_origin, write_origin

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node

    from atelier.hooks.commands import CommandHooks


class OriginHooks:
    """Records beside each saved file which run wrote it, with which parameters, from what.

    Args:
        commands: Writes the command that repeats the run.
    """

    _writer: Writer
    _origin: Origin
    _catalog: CatalogProtocol[Any, Any]

    def __init__(self, commands: CommandHooks) -> None:
        self._commands = commands
        self._unsaved: dict[str, Origin] = {}

    @hook_impl(trylast=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Notes the command that is to be recorded."""
        self._writer = Writer(
            run_id="",
            began=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            command=self._commands.rerun(run_params),
            pipelines=tuple(requested_pipelines(run_params)),
            command_run_id=active_run_id(),
        )
        self._catalog = catalog
        self._unsaved = {}

    @hook_impl
    def before_node_run(self, node: Node, inputs: dict[str, Any]) -> None:
        """Derives the origin of the node's outputs from its parameters and its inputs."""
        parameters = {
            leaf: str(redact(value, leaf))
            for name, record in inputs.items()
            if name.startswith("params:")
            for leaf, value in flatten_parameters(record, name.removeprefix("params:")).items()
        }
        origins = map(self._origin_of, node.inputs)
        writer = self._writer.model_copy(update={"run_id": active_run_id()})
        self._origin = derive_origin(writer, parameters, filter(None, origins))

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Records the origin of a dataset that was saved."""
        path = self._path_of(dataset_name)
        if path is None:
            self._unsaved[dataset_name] = self._origin
        else:
            write_origin(path, self._origin)

    def _origin_of(self, dataset: str) -> Origin | None:
        path = self._path_of(dataset)
        return self._unsaved.get(dataset) if path is None else read_origin(path)

    def _path_of(self, dataset: str) -> Path | None:
        """Returns the path of a dataset's file; None where it has no file."""
        path = getattr(self._catalog.get(dataset), "_filepath", None)
        return None if path is None else Path(path)

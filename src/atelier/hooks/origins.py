"""Every file that a run saves gets a record of the run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from atelier.configuration.command_line import custom_conf_source
from atelier.configuration.redaction import redact
from atelier.hooks.tracking import flatten_parameters, rerun_command
from atelier.storage.origins import Origin, Writer, derive_origin, read_origin, write_origin

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node


class OriginHooks:
    """Records beside each saved file which run wrote it, with which parameters, from what."""

    _writer: Writer
    _origin: Origin
    _catalog: CatalogProtocol[Any, Any]

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Notes where the configuration is."""
        self._source = custom_conf_source(context)

    @hook_impl(trylast=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Notes which run it is."""
        import mlflow

        run = mlflow.active_run()
        self._writer = Writer(
            run_id=run.info.run_id if run else "",
            began=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            command=rerun_command(run_params, self._source),
            pipelines=tuple(run_params.get("pipeline_names") or ()),
        )
        self._catalog = catalog
        self._unsaved: dict[str, Origin] = {}

    @hook_impl
    def before_node_run(self, node: Node, inputs: dict[str, Any]) -> None:
        """Notes the node's parameters, and the origins of what it reads."""
        parameters = {
            leaf: str(redact(value, leaf))
            for name, given in inputs.items()
            if name.startswith("params:")
            for leaf, value in flatten_parameters(given, name.removeprefix("params:")).items()
        }
        known = [origin for name in node.inputs if (origin := self._origin_of(name))]
        self._origin = derive_origin(self._writer, parameters, known)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Records the origin of what was saved."""
        path = self._path_of(dataset_name)
        if path is None:
            self._unsaved[dataset_name] = self._origin
        else:
            write_origin(path, self._origin)

    def _origin_of(self, dataset: str) -> Origin | None:
        path = self._path_of(dataset)
        return self._unsaved.get(dataset) if path is None else read_origin(path)

    def _path_of(self, dataset: str) -> Path | None:
        """Returns where a dataset's file lies, None where it has none."""
        path = getattr(self._catalog.get(dataset), "_filepath", None)
        return None if path is None else Path(path)

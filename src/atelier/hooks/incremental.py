"""What this project tells the runner that leaves out unchanged nodes."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines

from atelier.configuration.command_line import run_options
from atelier.configuration.redaction import redact
from atelier.hooks.experiment_runs import experiment_of
from atelier.hooks.helpers import helper_start, possible_processes
from atelier.hooks.sinks import sink_name
from atelier.incremental import Configuration, configure
from atelier.pipelines.sinks import sinks_of

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node

RECORDS = ".incremental"
"""The folder of the records beside the data."""
PROCESSORS = Path("/proc/cpuinfo")


class IncrementalHooks:
    """Sets where records are, what counts beside the nodes' own facts, and what is secret."""

    _catalog: CatalogProtocol[Any, Any]

    @hook_impl(trylast=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Configures the runner once the folder of the data is known."""
        shared = context.config_loader["globals"]
        local = "://" not in shared["data"]
        data = Path(shared["data"]) if local else context.project_path / "data"
        configure(
            Configuration(
                records=data / RECORDS / shared["env"],
                root=context.project_path,
                packages=("atelier",),
                environment={"threads": str(shared["threads"]), "processor": processor()},
                is_secret=lambda name, value: redact(value, name) != value,
                hidden_inputs=lambda node: self._sinks(node, read=True),
                hidden_outputs=lambda node: self._sinks(node, read=False),
                rank=pipeline_rank,
                processes=possible_processes(shared.get("processes", 1)),
                group=experiment_name,
                helper=helper_start if run_options() else None,
            )
        )

    @hook_impl
    def after_catalog_created(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Notes the datasets."""
        self._catalog = catalog

    def _sinks(self, node: Node, *, read: bool) -> Iterator[str]:
        """Yields the sinks of a node that it reads, or those that it writes to.

        Args:
            node: The node.
            read: Whether those are meant that ``conf/`` marks by ``is_input: true``.
        """
        for sink in sinks_of(node.func).values():
            name = sink_name(node, sink)
            metadata = getattr(self._catalog.get(name), "metadata", None) or {}
            if bool(metadata.get("is_input")) == read:
                yield name


def pipeline_rank(node: Node) -> int:
    """Returns the position of a node's pipeline in the registry, whose first ones are quick.

    Args:
        node: Its namespace begins with the name of its pipeline.
    """
    names = list(pipelines)
    name = (node.namespace or "").split(".")[0]
    return names.index(name) if name in names else len(names)


def experiment_name(node: Node) -> str | None:
    """Returns the name of a node's experiment, all nodes of which run in one process."""
    experiment = experiment_of(node)
    return experiment.name if experiment else None


def processor() -> str:
    """Returns the kind of processor, on which the last digits of a sum depend."""
    if PROCESSORS.is_file():
        lines = PROCESSORS.read_text(encoding="utf-8", errors="replace").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        if models:
            return models[0]
    return platform.machine()

"""The report is also written where a command fails or is interrupted before its last node."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from atelier.hooks.logging_switch import SWITCH
from atelier.hooks.progress import announce
from atelier.hooks.sinks import sink_name
from atelier.pipelines.sinks import provide_sinks, sinks_of

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

logger = logging.getLogger(__name__)

REPORT = "report"
"""The tag of nodes that write a page about the results that exist."""


class LateReportHooks:
    """Writes the report of what has run, if the command would have written it at its end."""

    def __init__(self) -> None:
        self._has_run = False
        self._written: set[str] = set()

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Begins to follow a session."""
        self._has_run, self._written = False, set()

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Notes that there is something to report, and the reports that are written."""
        self._has_run = True
        self._written |= {node.name}

    @hook_impl
    def after_node_skipped(self) -> None:
        """Notes that there is something to report."""
        self._has_run = True

    @hook_impl(trylast=True)
    def on_pipeline_error(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Writes the report after a node has failed."""
        self._write(pipeline, catalog)

    @hook_impl(trylast=True)
    def on_run_interrupted(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Writes the report after Ctrl-C or SIGTERM."""
        self._write(pipeline, catalog)

    def _write(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        if not self._has_run:
            return
        for node in pipeline.nodes:
            if REPORT in node.tags and node.name not in self._written:
                try:
                    write_report(node, catalog)
                except Exception as error:  # noqa: BLE001  (the first error must stay the last)
                    logger.warning("The report was not written: %s", error)
                else:
                    announce(node.outputs, catalog)


def write_report(node: Node, catalog: CatalogProtocol[Any, Any]) -> None:
    """Writes the page of a report; its MLflow run has ended, so nothing is logged there.

    Args:
        node: Its function takes any number of inputs, none of which is needed.
        catalog: The datasets of the session.
    """
    sinks = sinks_of(node.func).items()
    provide_sinks({argument: catalog.load(sink_name(node, sink)) for argument, sink in sinks})
    page = catalog.get(node.outputs[0])
    is_logged = getattr(page, SWITCH, False)
    setattr(page, SWITCH, False)
    try:
        catalog.save(node.outputs[0], node.func())
    finally:
        setattr(page, SWITCH, is_logged)

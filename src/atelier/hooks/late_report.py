"""The report is also written where a command fails or is interrupted before its last node."""

from __future__ import annotations

import atexit
import logging
import os
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from atelier.hooks.helpers import command_of_helper
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
    """Writes the report of what has run, if the command would have written it at its end.

    After Ctrl-C it is written when the process exits. Before that, what was interrupted may still
    lock MLflow's store, which the report reads.
    """

    def __init__(self) -> None:
        self._has_run = False
        self._written: set[str] = set()
        self._interrupted: tuple[Pipeline, CatalogProtocol[Any, Any]] | None = None

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self) -> None:
        """Begins to follow a session, before its MLflow run begins: so that run ends first."""
        self._has_run, self._written, self._interrupted = False, set(), None
        atexit.unregister(self._write_at_exit)
        atexit.register(self._write_at_exit, os.getpid())

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Notes that there is something to report, and the reports that are written."""
        self._has_run = True
        self._written |= {node.name}

    @hook_impl
    def after_node_skipped(self) -> None:
        """Notes that there is something to report."""
        self._has_run = True

    @hook_impl
    def after_helper_node(self) -> None:
        """Notes that there is something to report."""
        self._has_run = True

    @hook_impl(trylast=True)
    def on_pipeline_error(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Writes the report after a node has failed."""
        self._write(pipeline, catalog)

    @hook_impl
    def on_run_interrupted(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Notes that Ctrl-C or SIGTERM has ended the run."""
        self._interrupted = pipeline, catalog

    def _write_at_exit(self, process: int) -> None:
        if self._interrupted and os.getpid() == process:
            self._write(*self._interrupted)

    def _write(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        if not self._has_run or command_of_helper():
            return
        for node in pipeline.nodes:
            if REPORT in node.tags and node.name not in self._written:
                try:
                    write_late_report(node, catalog)
                except Exception as error:  # noqa: BLE001  (the first error must stay the last)
                    logger.warning("The report was not written: %s", error)
                else:
                    announce(node.outputs, catalog)


def write_late_report(node: Node, catalog: CatalogProtocol[Any, Any]) -> None:
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

"""Log messages of a run: each node as it begins, and where the results are."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from atelier.hooks.runners import only_explains

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

logger = logging.getLogger(__name__)


class ProgressHooks:
    """Logs what begins, and at the end where the results are.

    An output with ``metadata: {announcement: …}`` in ``conf/`` is named with the address of its
    file, to open in a browser.
    """

    def __init__(self) -> None:
        self._nodes_run = self._nodes_skipped = 0
        self._explained = ""

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Begins to count the nodes that run."""
        self._nodes_run = self._nodes_skipped = 0

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Names the node that begins."""
        self._nodes_run += 1
        if node.name != self._explained:
            logger.info("%s …", node.name)

    @hook_impl
    def before_node_rerun(self, node: Node) -> None:
        """Notes a node that the runner has named, with the reasons."""
        self._explained = node.name

    @hook_impl
    def after_node_skipped(self) -> None:
        """Counts a node that is unchanged."""
        self._nodes_skipped += 1

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Names the pages to open, the commands of MLflow and Kedro-Viz, and the figures."""
        if not self._nodes_run:
            self._advise(pipeline)
            return
        _announce(sorted(pipeline.outputs()), catalog)
        figures = [name for name in pipeline.all_outputs() if name.endswith("_figure")]
        logger.info(
            "Done. To see the results:\n"
            "  make ui    runs, metrics, pictures and models in MLflow\n"
            "             (mlflow ui)\n"
            "  make viz   the pipelines as a graph (kedro viz)\n"
            "  figures    data/08_reporting/ (%d from this run)",
            len(figures),
        )

    def _advise(self, pipeline: Pipeline) -> None:
        """Says how nodes run that did not run."""
        if self._nodes_skipped:
            logger.info("To run unchanged nodes again: --params force=true")
        elif not only_explains():
            logger.info(
                "Nothing to do: all outputs of all %d nodes exist. "
                "Leave out --only-missing-outputs to make them again",
                len(pipeline.nodes),
            )


def _announce(outputs: list[str], catalog: CatalogProtocol[Any, Any]) -> None:
    for dataset in (catalog[name] for name in outputs if name in catalog):
        announcement = (getattr(dataset, "metadata", None) or {}).get("announcement")
        if announcement:
            address = Path(dataset._filepath).absolute().as_uri()
            logger.info("%s, to open in a browser:\n  %s", announcement, address)

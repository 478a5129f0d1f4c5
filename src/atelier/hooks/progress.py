"""What a run says at its beginning and at its end, and what the report is told."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

logger = logging.getLogger(__name__)


class ReportHooks:
    """Lets the report see the whole catalog."""

    @hook_impl
    def after_catalog_created(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Tell the lab, where there is one, of what it is part."""
        if "report.results" in catalog:
            catalog["report.results"].belongs_to(catalog)


class ProgressHooks:
    """Says what begins, and at the end where to look."""

    _nodes_run = 0

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Begin to count the nodes that run."""
        self._nodes_run = 0

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Name the node that begins."""
        self._nodes_run += 1
        logger.info("%s …", node.name)

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Name the report, the commands that open MLflow and Kedro-Viz, where the figures are."""
        if not self._nodes_run:
            logger.info(
                "Nothing to do: all outputs of all %d nodes exist. "
                "Leave out --only-missing-outputs to make them again",
                len(pipeline.nodes),
            )
            return
        if "report.page" in pipeline.outputs():
            page = Path(catalog["report.page"]._filepath).absolute().as_uri()
            logger.info("The record of all experiments, to open in a browser:\n  %s", page)
        figures = [name for name in pipeline.all_outputs() if name.endswith("_figure")]
        logger.info(
            "Done. Look at it:\n"
            "  make ui    runs, metrics, pictures and models in MLflow\n"
            "             (mlflow ui)\n"
            "  make viz   the pipelines as a graph (kedro viz)\n"
            "  figures    data/08_reporting/ (%d from this run)",
            len(figures),
        )

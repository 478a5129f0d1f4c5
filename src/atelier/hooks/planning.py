"""The nodes that a session will run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from kedro.runner.runner import _build_node_children_map, _determine_nodes_to_run

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node


def nodes_to_run(
    pipeline: Pipeline, catalog: CatalogProtocol[Any, Any], *, only_missing: bool
) -> list[Node]:
    """Returns the nodes of a pipeline that Kedro's runner will run.

    Args:
        pipeline: The nodes of the session.
        catalog: The datasets of the session.
        only_missing: Whether nodes are left out whose outputs exist. Kedro decides which when the
            runner starts, and tells no hook of it; so its own function is asked.

    Returns:
        The nodes in the order of the pipeline.
    """
    if not only_missing:
        return list(pipeline.nodes)
    chosen = _determine_nodes_to_run(
        pipeline.nodes[::-1], catalog, _build_node_children_map(pipeline), logging.getLogger()
    )
    return [node for node in pipeline.nodes if node in chosen]

"""Sinks of a node are loaded from the catalog before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from atelier.pipelines.sinks import provide_sinks, sinks_of

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node


class SinkHooks:
    """Hands learning curves, checkpoints and other sinks to the node that writes to them."""

    @hook_impl(trylast=True)
    def before_node_run(self, node: Node, catalog: CatalogProtocol[Any, Any]) -> None:
        """Loads the node's sinks; the run of the node is active by now."""
        sinks = sinks_of(node.func).items()
        provide_sinks({argument: catalog.load(sink_name(node, sink)) for argument, sink in sinks})


def sink_name(node: Node, sink: str) -> str:
    """Returns a sink's name in the catalog, where datasets have the last part of the namespace.

    Args:
        node: The node that writes to the sink.
        sink: The sink's name without namespace.
    """
    return f"{(node.namespace or '').split('.')[-1]}.{sink}"

"""Sinks of a node are loaded from the catalog before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from atelier.pipelines.sinks import DependsOnCode, provide_sinks, sinks_of

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node


class SinkHooks:
    """Hands learning curves, checkpoints and other sinks to the node that writes to them.

    Where the runner knows the code that a node reaches, unfinished work belongs to that code.
    """

    def __init__(self) -> None:
        self._code: dict[str, str] = {}

    @hook_impl
    def before_node_rerun(self, node: Node, code: str) -> None:
        """Notes the digest of the code that the node reaches."""
        self._code[node.name] = code

    @hook_impl(trylast=True)
    def before_node_run(self, node: Node, catalog: CatalogProtocol[Any, Any]) -> None:
        """Loads the node's sinks; the run of the node is active by now."""
        sinks = sinks_of(node.func).items()
        loaded = {argument: catalog.load(sink_name(node, sink)) for argument, sink in sinks}
        code = self._code.get(node.name, "")
        provide_sinks({argument: of_code(sink, code) for argument, sink in loaded.items()})


def of_code(sink: Any, code: str) -> Any:
    """Returns the sink of a node whose code has this digest; the sink itself without a digest."""
    return sink.with_code(code) if code and isinstance(sink, DependsOnCode) else sink


def sink_name(node: Node, sink: str) -> str:
    """Returns a sink's name in the catalog, where datasets have the last part of the namespace.

    Args:
        node: The node that writes to the sink.
        sink: The sink's name without namespace.
    """
    return f"{(node.namespace or '').split('.')[-1]}.{sink}"

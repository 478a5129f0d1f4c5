"""Pipelines as the graph shows them: folded once, with previews on the nodes."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kedro.pipeline import Node, Pipeline
from kedro.pipeline.preview_contract import ImagePreview, TextPreview

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

FIGURES, TEXTS = ("_figure", "_animation"), ("_text", "_metrics", "_table")
"""Endings of the outputs that a node's preview shows: the first figure, else all texts."""
ROWS = 10
"""Rows of a table in a preview."""


def shown(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> Pipeline:
    """Returns a pipeline whose nodes have previews, and whose namespaces fold no more than needed.

    Args:
        pipeline: Its nodes have namespaces such as ``maxout.digits``. Where that is the only one of
            ``maxout``, the graph folds it into ``maxout`` at once.
        catalog: The datasets that previews show.
    """
    single = _single_namespaces(pipeline.nodes)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The 'preview_fn' feature|One or more dataset names")
        return Pipeline([_shown_node(node, single, catalog) for node in pipeline.nodes])


def _single_namespaces(nodes: Iterable[Node]) -> set[str]:
    """Returns the namespaces that are the only ones below their first part."""
    spaces = {node.namespace for node in nodes if node.namespace and "." in node.namespace}
    first = [space.split(".")[0] for space in spaces]
    return {space for space in spaces if first.count(space.split(".")[0]) == 1}


def _shown_node(node: Node, single: set[str], catalog: CatalogProtocol[Any, Any]) -> Node:
    space = node.namespace or ""
    results = [name for name in node.outputs if name.endswith(FIGURES + TEXTS)]
    return node._copy(
        namespace=space.split(".")[0] if space in single else node.namespace,
        preview_fn=functools.partial(preview_results, results, catalog) if results else None,
    )


def preview_results(
    results: Iterable[str], catalog: CatalogProtocol[Any, Any]
) -> ImagePreview | TextPreview:
    """Returns what a node made: its first figure, else its texts, metrics and tables.

    Args:
        results: The names of the node's outputs that can be shown.
        catalog: The datasets.
    """
    existing = [name for name in results if catalog.exists(name)]
    figures = [name for name in existing if name.endswith(FIGURES)]
    if figures:
        return ImagePreview(f"data:image/png;base64,{catalog[figures[0]].preview()}")
    texts = [f"{name}\n{_format_result(catalog.load(name))}" for name in existing]
    return TextPreview("\n\n".join(texts) or "No result yet.")


def _format_result(result: Any) -> str:
    if isinstance(result, Mapping):
        return "\n".join(f"{name}  {value:.6g}" for name, value in result.items())
    return result if isinstance(result, str) else str(result.head(ROWS).to_string(index=False))

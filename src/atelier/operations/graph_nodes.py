"""Pipelines as the graph shows them: folded once, with previews on the nodes."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kedro.pipeline import Node, Pipeline
from kedro.pipeline.preview_contract import ImagePreview, TextPreview

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

FIGURES, TEXTS = ("_figure", "_animation"), ("_text",)
"""Endings of the outputs that a node's preview shows: the first figure, else the first text."""


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
    return node._copy(
        namespace=space.split(".")[0] if space in single else node.namespace,
        preview_fn=functools.partial(preview_outputs, node.outputs, catalog),
    )


def preview_outputs(
    outputs: Iterable[str], catalog: CatalogProtocol[Any, Any]
) -> ImagePreview | TextPreview | None:
    """Returns what a node made: its first figure, else its first text; None where it made none.

    Args:
        outputs: The names of the node's outputs.
        catalog: The datasets.
    """
    existing = [name for name in outputs if name.endswith(FIGURES + TEXTS) and catalog.exists(name)]
    figures = [name for name in existing if name.endswith(FIGURES)]
    if figures:
        return ImagePreview(f"data:image/png;base64,{catalog[figures[0]].preview()}")
    return TextPreview(catalog.load(existing[0])) if existing else None

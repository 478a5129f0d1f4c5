"""Why a node can never be skipped: something about it that no record can tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from atelier.incremental.configuration import Configuration
from atelier.incremental.dataset_files import HasContentDigest, has_path, is_stored, uncached
from atelier.incremental.declarations import declares_effects


def obstacles(
    node: Node,
    pipeline: Pipeline,
    catalog: CatalogProtocol[Any, Any],
    configuration: Configuration,
) -> Iterator[str]:
    """Yields why a node always runs.

    Args:
        node: The node.
        pipeline: The nodes of the run.
        catalog: The datasets of the run.
        configuration: What the project tells about itself.

    Yields:
        A reason in words; none where the node may be left out.
    """
    if configuration.always_runs(node):
        yield "the project says so"
    if not node.outputs and not declares_effects(node):
        yield "it has no outputs, and declares no effects"
    if node.confirms:
        yield f"it confirms {', '.join(node.confirms)}, which then loads something else"
    consumed = pipeline.all_inputs()
    for name in node.outputs:
        dataset = catalog.get(name)
        if not is_stored(dataset):
            if name not in consumed:
                yield f"output {name} is not stored"
        elif not tells_content(dataset):
            yield f"output {name} has neither a local file nor a content digest"


def tells_content(dataset: Any) -> bool:
    """Returns whether it can be found out what the content of a dataset is."""
    inner = uncached(dataset)
    return isinstance(inner, HasContentDigest) or has_path(inner)

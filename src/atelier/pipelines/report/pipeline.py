"""Report: one page that tells the whole lab, from the catalog."""

from itertools import groupby

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.report import nodes

KINDS = ("_figure", "_metrics", "_table", "_text", "_plot", "_animation")
"""What is light to load."""


def create_pipeline(after: Pipeline | None = None) -> Pipeline:
    """The report alone, of what there is; or ``after`` all others, one index per namespace first.

    The indices keep the graph simple to look at: the page waits for a line per namespace, and not
    for every result.
    """
    indices = [_index(space, list(ends)) for space, ends in groupby(_ends(after), _space)]
    told = ["report.experiments", "report.results", *(node.outputs[0] for node in indices)]
    write = Node(nodes.write_report, told, "report.page", name="report.write")
    return Pipeline([*indices, write])


def _index(space: str, ends: list[str]) -> Node:
    return Node(nodes.index, ends, f"{space}.index", name="index", namespace=space)


def _ends(pipeline: Pipeline | None) -> list[str]:
    """The light results that no other node reads, by namespace."""
    free = pipeline.outputs() if pipeline else set()
    return sorted(name for name in free if name.endswith(KINDS))


def _space(name: str) -> str:
    return name.split(".", maxsplit=1)[0]

"""Report: one page about all experiments, made from the catalog."""

from itertools import groupby

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.report import nodes

KINDS = ("_figure", "_metrics", "_table", "_text", "_plot", "_animation")
"""The endings of datasets that are quick to load."""


def create_pipeline(after: Pipeline | None = None) -> Pipeline:
    """Returns the report of the results that exist, or the report at the end of other pipelines.

    Args:
        after: The pipelines whose results the report waits for. The page waits for one count in
            each namespace instead of every result, which keeps the graph readable.
    """
    by_namespace = groupby(_results(after), _namespace)
    counts = [_count(namespace, list(results)) for namespace, results in by_namespace]
    inputs = ["report.experiments", "report.results", *(node.outputs[0] for node in counts)]
    write = Node(nodes.write_report, inputs, "report.page", name="report.write")
    return Pipeline([*counts, write])


def _count(namespace: str, results: list[str]) -> Node:
    output = f"{namespace}.index"
    return Node(nodes.count_results, results, output, name="index", namespace=namespace)


def _results(pipeline: Pipeline | None) -> list[str]:
    """Returns the results that are quick to load and that no other node reads, by namespace."""
    outputs = pipeline.outputs() if pipeline else set()
    return sorted(name for name in outputs if name.endswith(KINDS))


def _namespace(name: str) -> str:
    return name.split(".", maxsplit=1)[0]

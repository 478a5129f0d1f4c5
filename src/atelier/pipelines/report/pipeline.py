"""Report: one page about all experiments, made from the catalog."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.report import nodes
from atelier.pipelines.sinks import with_sinks

SERVED = ".registered_"
"""Part of the names of registered models, which are slow to load."""
UNTRACKED = "untracked"
"""The tag of nodes that only order others, and so have no run of their own."""


def create_pipeline(after: Pipeline | None = None) -> Pipeline:
    """Returns the report of the results that exist, or the report at the end of other pipelines.

    Args:
        after: The pipelines whose results the report waits for. The page waits for one count of
            each experiment instead of every result, which keeps the graph readable.
    """
    counts = [_count(name, results) for name, results in _results(after or Pipeline([])).items()]
    write = Node(
        with_sinks(nodes.write_report, experiments="experiments", results="results"),
        [node.outputs[0] for node in counts],
        "report.page",
        name="write",
        namespace="report",
        tags="report",
    )
    return Pipeline([*counts, write])


def _count(experiment: str, results: list[str]) -> Node:
    return Node(
        nodes.count_results,
        results,
        f"{experiment}.index",
        name="index",
        namespace=experiment,
        tags=UNTRACKED,
    )


def _results(pipeline: Pipeline) -> dict[str, list[str]]:
    """Returns the results that no node reads, by experiment; without registered models."""
    free = {name for name in pipeline.outputs() if SERVED not in name}
    results: dict[str, list[str]] = {}
    for node in pipeline.nodes:
        experiment = (node.namespace or "").split(".")[0]
        results.setdefault(experiment, []).extend(free & set(node.outputs))
    return {name: sorted(names) for name, names in sorted(results.items()) if names}

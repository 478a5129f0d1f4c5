"""Compare: two runs or more, by parameters, metrics with paired intervals, and figures."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.compare import nodes

UNTRACKED = "untracked"
"""The tag of nodes that have no run of their own: the comparison is stored with a compared run."""
COMPARE = [
    Node(
        nodes.compare_runs,
        ["runs", "params:comparison"],
        ["metrics_table", "parameters_table", "page", "published"],
        name="compare_runs",
        tags=["evaluation", UNTRACKED],
    ),
    Node(
        nodes.draw_differences,
        "metrics_table",
        "differences_figure",
        name="draw_differences",
        tags=["figures", UNTRACKED],
    ),
]


def create_pipeline() -> Pipeline:
    """Returns the comparison of runs that MLflow has."""
    return Pipeline(COMPARE, namespace="compare")

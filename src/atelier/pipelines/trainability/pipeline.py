"""The trainability pipeline: which pairs of learning rates let a small network converge."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.sinks import with_sinks
from atelier.pipelines.trainability import nodes

TRAINABILITY = [
    Node(
        with_sinks(nodes.train_plane, trials="trials"),
        ["params:network", "params:plane", "params:computation"],
        "plane_arrays",
        name="train_plane",
        tags="training",
    ),
    Node(
        nodes.measure_border,
        ["plane_arrays", "params:network", "params:plane"],
        ["borders_table", "box_counts_table", "border_metrics"],
        name="measure_border",
        tags="evaluation",
    ),
    Node(
        nodes.draw_border,
        [
            "plane_arrays",
            "borders_table",
            "box_counts_table",
            "params:network",
            "params:plane",
        ],
        ["border_figure", "box_counts_figure", "zoom_animation"],
        name="draw_border",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """Returns the pipeline of the plane of two learning rates."""
    return Pipeline(TRAINABILITY, namespace="trainability")

"""Style transfer: pictures and a network in, paintings and how they came about out."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.style_transfer import nodes

PICTURES = ["content", "styles"]
MATERIAL = [*PICTURES, "photographs", "trunk"]

STYLE_TRANSFER = [
    Node(nodes.describe, "trunk", "trunk_provenance", name="describe_trunk", tags="data"),
    Node(
        nodes.paint,
        [*MATERIAL, "params:style", "run_sinks"],
        ["paintings_arrays", "frames_arrays", "losses_table"],
        name="paint",
        tags="training",
    ),
    Node(
        nodes.paint_grid,
        [*MATERIAL, "params:style", "params:grid", "run_sinks"],
        "grid_arrays",
        name="paint_grid",
        tags="training",
    ),
    Node(
        nodes.measure,
        [*MATERIAL, "paintings_arrays", "grid_arrays", "params:style", "run_sinks"],
        "paintings_metrics",
        name="measure_paintings",
        tags="evaluation",
    ),
    Node(
        nodes.draw,
        [
            *PICTURES,
            "paintings_arrays",
            "frames_arrays",
            "grid_arrays",
            "losses_table",
            "trunk_provenance",
            "params:style",
            "params:grid",
        ],
        [
            "paintings_figure",
            "losses_figure",
            "grid_figure",
            "paintings_gallery",
            "painting_animation",
        ],
        name="draw_paintings",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """One content in any number of styles."""
    return Pipeline(STYLE_TRANSFER, namespace="style")

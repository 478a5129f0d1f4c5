"""Style transfer: pictures and a network in, paintings and how they came about out."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.style_transfer import nodes

PICTURES = ["content", "styles"]
MATERIAL = [*PICTURES, "photographs", "vgg_weights"]

STYLE_TRANSFER = [
    Node(
        nodes.describe_weights,
        "vgg_weights",
        "vgg_weights_provenance",
        name="describe_weights",
        tags="data",
    ),
    Node(
        nodes.transfer_styles,
        [*MATERIAL, "params:style", "run_sinks"],
        ["paintings_arrays", "frames_arrays", "losses_table"],
        name="transfer_styles",
        tags="training",
    ),
    Node(
        nodes.transfer_grid,
        [*MATERIAL, "params:style", "params:grid", "run_sinks"],
        "grid_arrays",
        name="transfer_grid",
        tags="training",
    ),
    Node(
        nodes.measure_style_errors,
        [*MATERIAL, "paintings_arrays", "grid_arrays", "params:style", "run_sinks"],
        "paintings_metrics",
        name="measure_style_errors",
        tags="evaluation",
    ),
    Node(
        nodes.draw_style_transfer,
        [
            *PICTURES,
            "paintings_arrays",
            "frames_arrays",
            "grid_arrays",
            "losses_table",
            "vgg_weights_provenance",
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
        name="draw_style_transfer",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """One content in any number of styles."""
    return Pipeline(STYLE_TRANSFER, namespace="style")

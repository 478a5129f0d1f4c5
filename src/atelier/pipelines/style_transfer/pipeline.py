"""Style transfer: a content in the style of other pictures, with losses and distances."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.sinks import with_sinks
from atelier.pipelines.style_transfer import nodes

PICTURES = ["content", "styles"]
INPUTS = [*PICTURES, "photographs", "vgg_weights"]

STYLE_TRANSFER = [
    Node(
        nodes.describe_weights,
        "vgg_weights",
        "vgg_weights_provenance",
        name="describe_weights",
        tags="data",
    ),
    Node(
        with_sinks(nodes.transfer_styles, sinks="run_sinks"),
        [*INPUTS, "params:style"],
        ["paintings_arrays", "frames_arrays", "losses_table"],
        name="transfer_styles",
        tags="training",
    ),
    Node(
        with_sinks(nodes.transfer_grid, sinks="run_sinks"),
        [*INPUTS, "params:style", "params:grid"],
        "grid_arrays",
        name="transfer_grid",
        tags="training",
    ),
    Node(
        with_sinks(nodes.measure_style_errors, sinks="run_sinks"),
        [*INPUTS, "paintings_arrays", "grid_arrays", "params:style"],
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
    """Returns the pipeline of one content in any number of styles."""
    return Pipeline(STYLE_TRANSFER, namespace="style")

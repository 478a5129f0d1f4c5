"""Segment: finds the cells in one's own images by a trained U-Net, Otsu or EM."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.segment import nodes
from atelier.pipelines.sinks import with_sinks

SEGMENT = [
    Node(
        with_sinks(nodes.segment_images, results="results"),
        [
            "images",
            "trained",
            "params:application",
            "params:cells.prediction",
            "params:cells.watershed",
        ],
        ["cells_table", "images_table", "application_metrics"],
        name="segment_images",
        tags="evaluation",
    ),
    Node(
        with_sinks(nodes.draw_contact_sheet, results="results"),
        ["images_table", "params:application"],
        "contact_sheet_figure",
        name="draw_contact_sheet",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """Returns the pipeline, which takes the network and the parameters of the cells."""
    return Pipeline(
        SEGMENT,
        namespace="segment",
        parameters={"params:cells.prediction", "params:cells.watershed"},
    )

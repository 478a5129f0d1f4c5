"""Predict: labels one's own pictures by the champion, or the newest calibrated model."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.predict import nodes
from atelier.pipelines.sinks import with_sinks

PREDICT = [
    Node(
        with_sinks(nodes.label_pictures, results="results"),
        ["pictures", "served", "params:labelling"],
        ["selected_table", "selected_arrays", "unreadable_table", "predictions_metrics"],
        name="label_pictures",
        tags="evaluation",
    ),
    Node(
        nodes.draw_predictions,
        ["selected_table", "selected_arrays", "predictions_metrics", "served"],
        "contact_sheet_figure",
        name="draw_contact_sheet",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """Returns the pipeline, which takes pictures and a registered model."""
    return Pipeline(PREDICT, namespace="predict")

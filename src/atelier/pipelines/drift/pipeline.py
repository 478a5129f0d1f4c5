"""Drift: are new images like those that the classifier was judged on? Runs only by its name."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.drift import nodes

DRIFT = [
    Node(
        nodes.detect_drift,
        ["classifier_model", "test_arrays", "batch_arrays", "logits_arrays", "params:drift"],
        ["batch_table", "batch_metrics", "batch_figure"],
        name="detect_drift",
        tags="evaluation",
    ),
    Node(
        nodes.estimate_alarm_rates,
        [
            "classifier_model",
            "test_arrays",
            "others_arrays",
            "others_provenance",
            "logits_arrays",
            "provenance",
            "params:drift",
        ],
        ["alarms_table", "alarms_metrics", "alarms_figure"],
        name="estimate_alarm_rates",
        tags="evaluation",
    ),
]


def create_pipeline() -> Pipeline:
    """On the digits; the characters' letters are strangers to them."""
    return Pipeline(
        DRIFT,
        namespace="digits",
        inputs={
            "others_arrays": "characters.test_arrays",
            "others_provenance": "characters.provenance",
        },
    )

"""Drift: do new images come from the source of the test images? Runs only by its name."""

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
            "characters_arrays",
            "characters_provenance",
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
    """Detects drift of digits; letters of the characters are out of distribution."""
    return Pipeline(
        DRIFT,
        namespace="digits",
        inputs={
            "characters_arrays": "characters.test_arrays",
            "characters_provenance": "characters.provenance",
        },
    )

"""Dropout: its expectation, the generalization gap, weight updates and confidence."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.dropout import nodes

DROPOUT = [
    Node(
        nodes.expectation_example,
        "params:machine",
        ["example_table", "active_arrays"],
        name="expectation_example",
        tags="dropout",
    ),
    Node(
        nodes.study_gap,
        ["train_arrays", "test_arrays", "provenance", "params:gap", "params:machine"],
        ["gap_table", "rejection_arrays", "confidence_table"],
        name="study_gap",
        tags="training",
    ),
    Node(
        nodes.study_weight_updates,
        ["train_arrays", "provenance", "params:weight_updates", "params:machine"],
        ["weight_updates_table", "weight_updates_arrays"],
        name="study_weight_updates",
        tags="training",
    ),
    Node(
        nodes.average_thinned,
        ["train_arrays", "test_arrays", "provenance", "params:thinned", "params:machine"],
        "averages_arrays",
        name="average_thinned",
        tags="training",
    ),
    Node(
        nodes.summarise_dropout,
        ["gap_table", "confidence_table", "weight_updates_table"],
        "study_metrics",
        name="summarise_dropout",
        tags="evaluation",
    ),
    Node(
        nodes.draw_dropout,
        [
            "active_arrays",
            "gap_table",
            "rejection_arrays",
            "weight_updates_table",
            "weight_updates_arrays",
            "averages_arrays",
            "provenance",
            "params:weight_updates",
            "params:thinned",
        ],
        [
            "active_units_figure",
            "gap_figure",
            "weight_updates_figure",
            "averages_figure",
            "rejection_figure",
            "weight_updates_animation",
        ],
        name="draw_dropout",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """Studies dropout on digits."""
    digits = {name: f"digits.{name}" for name in ("train_arrays", "test_arrays", "provenance")}
    return Pipeline(DROPOUT, namespace="dropout", inputs=digits)

"""Dropout: what it computes, what it is for, which weights it moves."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.dropout import nodes

DROPOUT = [
    Node(
        nodes.expect,
        "params:machine",
        ["example_table", "active_arrays"],
        name="expect",
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
        nodes.take_census,
        ["train_arrays", "provenance", "params:census", "params:machine"],
        ["census_table", "moves_arrays"],
        name="take_census",
        tags="training",
    ),
    Node(
        nodes.average,
        ["train_arrays", "test_arrays", "provenance", "params:thinned", "params:machine"],
        "averages_arrays",
        name="average_thinned",
        tags="training",
    ),
    Node(
        nodes.summarise,
        ["gap_table", "confidence_table", "census_table"],
        "study_metrics",
        name="summarise_dropout",
        tags="evaluation",
    ),
    Node(
        nodes.draw,
        [
            "active_arrays",
            "gap_table",
            "rejection_arrays",
            "census_table",
            "moves_arrays",
            "averages_arrays",
            "provenance",
            "params:census",
            "params:thinned",
        ],
        [
            "active_figure",
            "gap_figure",
            "census_figure",
            "averages_figure",
            "rejection_figure",
            "moves_animation",
        ],
        name="draw_dropout",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """On digits."""
    digits = {name: f"digits.{name}" for name in ("train_arrays", "test_arrays", "provenance")}
    return Pipeline(DROPOUT, namespace="dropout", inputs=digits)

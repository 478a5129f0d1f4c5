"""Activation maximization: pictures that the trained classifier wants, and who believes them."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.activation_maximization import nodes

ACTIVATION = [
    Node(
        nodes.step,
        ["classifier_model", "provenance", "params:steps"],
        "steps_arrays",
        name="step_towards_classes",
        tags="training",
    ),
    Node(
        nodes.climb,
        ["classifier_model", "provenance", "params:ascent"],
        "ascent_arrays",
        name="climb_to_classes",
        tags="training",
    ),
    Node(
        nodes.climb_layers,
        ["classifier_model", "params:ascent"],
        "layers_arrays",
        name="climb_layers",
        tags="training",
    ),
    Node(
        nodes.train_second,
        [
            "train_arrays",
            "validation_arrays",
            "provenance",
            "params:network",
            "params:training",
            "params:second",
            "second_curve",
            "second_checkpoint",
        ],
        ["second_model", "second_history"],
        name="train_second",
        tags="training",
    ),
    Node(
        nodes.judge,
        [
            "classifier_model",
            "second_model",
            "train_arrays",
            "test_arrays",
            "logits_arrays",
            "steps_arrays",
            "ascent_arrays",
            "provenance",
            "params:second",
            "second_checkpoint",
        ],
        ["wanted_table", "starts_table", "wanted_metrics"],
        name="judge_pictures",
        tags="evaluation",
    ),
    Node(
        nodes.draw_steps,
        ["train_arrays", "steps_arrays", "provenance", "params:steps"],
        ["starts_figure", "doubts_figure", "change_figure"],
        name="draw_steps",
        tags="figures",
    ),
    Node(
        nodes.draw_wanted,
        [
            "train_arrays",
            "logits_arrays",
            "ascent_arrays",
            "layers_arrays",
            "wanted_table",
            "provenance",
            "params:second",
        ],
        ["wanted_figure", "belief_figure", "units_figure", "wanted_animation"],
        name="draw_wanted",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """On the digits, as in the post."""
    return Pipeline(ACTIVATION, namespace="digits")

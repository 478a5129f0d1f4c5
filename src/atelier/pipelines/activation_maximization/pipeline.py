"""Activation maximization: images of maximal logits of the classifier, and confidence in them."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.activation_maximization import nodes
from atelier.pipelines.sinks import with_sinks

ACTIVATION_MAXIMIZATION = [
    Node(
        nodes.run_input_descent,
        ["classifier_model", "provenance", "params:steps"],
        "input_descent_arrays",
        name="run_input_descent",
        tags="training",
    ),
    Node(
        nodes.maximize_classes,
        ["classifier_model", "provenance", "params:ascent"],
        "gradient_ascent_arrays",
        name="maximize_classes",
        tags="training",
    ),
    Node(
        nodes.maximize_channels,
        ["classifier_model", "params:ascent"],
        "layer_ascent_arrays",
        name="maximize_channels",
        tags="training",
    ),
    Node(
        with_sinks(
            nodes.train_second_classifier,
            curve="second_classifier_curve",
            checkpoint="second_classifier_checkpoint",
        ),
        [
            "train_arrays",
            "validation_arrays",
            "provenance",
            "params:network",
            "params:training",
            "params:second",
        ],
        ["second_classifier_model", "second_classifier_history"],
        name="train_second_classifier",
        tags="training",
    ),
    Node(
        with_sinks(nodes.evaluate_maximized_images, checkpoint="second_classifier_checkpoint"),
        [
            "classifier_model",
            "second_classifier_model",
            "train_arrays",
            "test_arrays",
            "logits_arrays",
            "input_descent_arrays",
            "gradient_ascent_arrays",
            "params:second",
        ],
        [
            "activation_maximization_table",
            "start_distances_table",
            "activation_maximization_metrics",
        ],
        name="evaluate_maximized_images",
        tags="evaluation",
    ),
    Node(
        nodes.draw_input_descent,
        ["train_arrays", "input_descent_arrays", "provenance", "params:steps"],
        [
            "activation_maximization_starts_figure",
            "activation_maximization_error_figure",
            "activation_maximization_difference_figure",
        ],
        name="draw_input_descent",
        tags="figures",
    ),
    Node(
        nodes.draw_maximized_images,
        [
            "train_arrays",
            "logits_arrays",
            "gradient_ascent_arrays",
            "layer_ascent_arrays",
            "activation_maximization_table",
            "provenance",
            "params:second",
        ],
        [
            "activation_maximization_figure",
            "activation_maximization_confidence_figure",
            "activation_maximization_layers_figure",
            "activation_maximization_animation",
        ],
        name="draw_maximized_images",
        tags="figures",
    ),
]
OWN_MODEL = [
    Node(
        nodes.maximize_own_model,
        ["source", "photographs", "params:input", "params:ascent"],
        ["gradient_ascent_arrays", "layer_ascent_arrays", "ascent_table", "ascent_metrics"],
        name="maximize_own_model",
        tags="training",
    ),
    Node(
        nodes.draw_own_model,
        ["gradient_ascent_arrays", "layer_ascent_arrays", "ascent_table"],
        ["ascent_figure", "ascent_layers_figure", "ascent_animation"],
        name="draw_own_model",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """Returns the pipeline on the digits."""
    return Pipeline(ACTIVATION_MAXIMIZATION, namespace="digits")


def create_model_pipeline() -> Pipeline:
    """Maximizes classes and channels of the model in a user's file; without data, nothing else."""
    return Pipeline(OWN_MODEL, namespace="model")

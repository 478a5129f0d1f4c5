"""Gradients: methods to compute and to apply them, and reasons for missing ones."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.gradients import nodes
from atelier.pipelines.sinks import with_sinks

GRADIENTS = [
    Node(
        nodes.compare_derivatives,
        "params:machine",
        ["derivatives_table", "step_size_table"],
        name="compare_derivatives",
        tags="gradients",
    ),
    Node(
        nodes.diagnose_missing_gradients,
        "params:machine",
        "missing_gradients_table",
        name="diagnose_missing_gradients",
        tags="gradients",
    ),
    Node(
        with_sinks(nodes.compare_minimizations, curve="gradient_curve"),
        ["train_arrays", "provenance", "params:three_ways", "params:machine"],
        ["minimization_table", "gradient_norms_history"],
        name="compare_minimizations",
        tags="training",
    ),
    Node(
        nodes.measure_jacobian_costs,
        ["params:modes", "params:machine"],
        "jacobian_costs_table",
        name="measure_jacobian_costs",
        tags="gradients",
    ),
    Node(
        nodes.summarize_gradients,
        ["derivatives_table", "minimization_table"],
        "summary_metrics",
        name="summarize_gradients",
        tags="evaluation",
    ),
    Node(
        nodes.draw_gradients,
        ["step_size_table", "gradient_norms_history", "jacobian_costs_table"],
        ["step_size_figure", "gradient_norms_figure", "jacobian_costs_figure"],
        name="draw_gradients",
        tags="figures",
    ),
]
OWN_MODEL = [
    Node(
        nodes.check_own_model,
        ["source", "params:gradients"],
        ["gradient_check_table", "gradient_check_metrics"],
        name="check_own_model",
        tags="gradients",
    ),
    Node(
        nodes.draw_own_model_check,
        "gradient_check_table",
        "gradient_check_figure",
        name="draw_own_model_check",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """Returns the pipeline on example functions and on a small network of digits."""
    digits = {"train_arrays": "digits.train_arrays", "provenance": "digits.provenance"}
    return Pipeline(GRADIENTS, namespace="gradients", inputs=digits)


def create_model_pipeline() -> Pipeline:
    """Checks the gradients of the model in a user's file."""
    return Pipeline(OWN_MODEL, namespace="model")

"""Gradients: three ways to get one, three ways to use one, and why one may be missing."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.gradients import nodes

GRADIENTS = [
    Node(
        nodes.differentiate,
        "params:machine",
        ["derivatives_table", "steps_table"],
        name="differentiate",
        tags="gradients",
    ),
    Node(
        nodes.diagnose,
        "params:machine",
        "diagnosis_table",
        name="diagnose_gradients",
        tags="gradients",
    ),
    Node(
        nodes.minimise,
        ["train_arrays", "provenance", "params:three_ways", "params:machine", "gradient_curve"],
        ["ways_table", "norms_history"],
        name="minimise",
        tags="training",
    ),
    Node(
        nodes.count_modes,
        ["params:modes", "params:machine"],
        "modes_table",
        name="count_modes",
        tags="gradients",
    ),
    Node(
        nodes.summarise,
        ["derivatives_table", "ways_table"],
        "study_metrics",
        name="summarise_gradients",
        tags="evaluation",
    ),
    Node(
        nodes.draw,
        ["steps_table", "norms_history", "modes_table"],
        ["steps_figure", "norms_figure", "modes_figure"],
        name="draw_gradients",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """Of functions with one or two coordinates, and of a small network on digits."""
    digits = {"train_arrays": "digits.train_arrays", "provenance": "digits.provenance"}
    return Pipeline(GRADIENTS, namespace="gradients", inputs=digits)

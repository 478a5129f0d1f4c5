"""Maxout: against ReLU, piece by piece, and by the paper's own recipe."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.maxout import nodes
from atelier.pipelines.sinks import with_sinks

MAXOUT = [
    Node(
        nodes.compare_maxout,
        ["train_arrays", "test_arrays", "provenance", "params:maxout"],
        ["maxout_table", "pieces_arrays"],
        name="compare_maxout",
        tags="training",
    ),
    Node(
        nodes.learn_functions,
        "params:functions",
        "functions_arrays",
        name="learn_functions",
        tags="training",
    ),
    Node(
        with_sinks(nodes.train_maxout, curve="maxout_curve", checkpoint="maxout_checkpoint"),
        [
            "train_arrays",
            "validation_arrays",
            "calibration_arrays",
            "provenance",
            "params:permutation_invariant",
        ],
        ["maxout_model", "maxout_history"],
        name="train_maxout",
        tags="training",
    ),
    Node(
        with_sinks(nodes.evaluate_maxout, checkpoint="maxout_checkpoint"),
        ["maxout_model", "train_arrays", "test_arrays"],
        ["maxout_metrics", "maxout_examples"],
        name="evaluate_maxout",
        tags="evaluation",
    ),
    Node(
        with_sinks(
            nodes.train_convolutional,
            curve="convolutional_curve",
            checkpoint="convolutional_checkpoint",
        ),
        [
            "train_arrays",
            "validation_arrays",
            "provenance",
            "params:convolutional",
        ],
        ["convolutional_model", "convolutional_history"],
        name="train_convolutional_maxout",
        tags="training",
    ),
    Node(
        with_sinks(nodes.evaluate_maxout, checkpoint="convolutional_checkpoint"),
        ["convolutional_model", "train_arrays", "test_arrays"],
        ["convolutional_metrics", "convolutional_examples"],
        name="evaluate_convolutional_maxout",
        tags="evaluation",
    ),
    Node(
        nodes.draw_maxout,
        [
            "maxout_table",
            "pieces_arrays",
            "functions_arrays",
            "maxout_history",
            "maxout_metrics",
            "provenance",
            "params:permutation_invariant",
        ],
        ["maxout_comparison_figure", "pieces_figure", "functions_figure", "maxout_training_figure"],
        name="draw_maxout",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """On digits, as in the paper."""
    return Pipeline(MAXOUT, namespace="digits")

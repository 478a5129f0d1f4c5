"""Maxout: against ReLU, piece by piece, and by the paper's own recipe."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.maxout import nodes

MAXOUT = [
    Node(
        nodes.compare,
        ["train_arrays", "test_arrays", "provenance", "params:maxout"],
        ["maxout_table", "pieces_arrays"],
        name="compare_maxout",
        tags="training",
    ),
    Node(
        nodes.learn,
        "params:functions",
        "functions_arrays",
        name="learn_functions",
        tags="training",
    ),
    Node(
        nodes.descend,
        [
            "train_arrays",
            "validation_arrays",
            "calibration_arrays",
            "provenance",
            "params:permutation_invariant",
            "maxout_curve",
            "maxout_checkpoint",
        ],
        ["maxout_model", "maxout_history"],
        name="descend_maxout",
        tags="training",
    ),
    Node(
        nodes.judge,
        ["maxout_model", "train_arrays", "test_arrays", "maxout_checkpoint"],
        "maxout_metrics",
        name="judge_maxout",
        tags="evaluation",
    ),
    Node(
        nodes.convolve,
        [
            "train_arrays",
            "validation_arrays",
            "provenance",
            "params:convolutional",
            "convolutional_curve",
            "convolutional_checkpoint",
        ],
        ["convolutional_model", "convolutional_history"],
        name="convolve_maxout",
        tags="training",
    ),
    Node(
        nodes.judge,
        ["convolutional_model", "train_arrays", "test_arrays", "convolutional_checkpoint"],
        "convolutional_metrics",
        name="judge_convolutional",
        tags="evaluation",
    ),
    Node(
        nodes.draw,
        [
            "maxout_table",
            "pieces_arrays",
            "functions_arrays",
            "maxout_history",
            "maxout_metrics",
            "provenance",
            "params:permutation_invariant",
        ],
        ["rivals_figure", "pieces_figure", "functions_figure", "descent_figure"],
        name="draw_maxout",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """On digits, as in the paper."""
    return Pipeline(MAXOUT, namespace="digits")

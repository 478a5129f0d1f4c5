"""Train: fit a network, judge it on held-out data, register it."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.sinks import with_sinks
from atelier.pipelines.train import nodes

TRAIN = [
    Node(
        with_sinks(
            nodes.train_classifier, curve="learning_curve", checkpoint="training_checkpoint"
        ),
        [
            "train_arrays",
            "validation_arrays",
            "provenance",
            "params:network",
            "params:training",
        ],
        ["classifier_model", "training_history"],
        name="train",
        tags="training",
    ),
    Node(
        with_sinks(nodes.predict_splits, checkpoint="training_checkpoint"),
        [
            "classifier_model",
            "train_arrays",
            "calibration_arrays",
            "test_arrays",
            "params:prediction",
        ],
        ["logits_arrays", "features_arrays"],
        name="predict",
        tags="evaluation",
    ),
    Node(
        nodes.evaluate_classifier,
        ["logits_arrays", "provenance", "params:evaluation"],
        ["test_metrics", "test_scores_table"],
        name="evaluate",
        tags="evaluation",
    ),
    Node(
        nodes.score_examples,
        ["logits_arrays", "test_arrays"],
        "test_examples",
        name="score_examples",
        tags="evaluation",
    ),
    Node(
        nodes.draw_training,
        ["training_history", "logits_arrays", "test_arrays", "test_metrics", "provenance"],
        ["learning_figure", "confusion_figure", "mistakes_figure"],
        name="draw",
        tags="figures",
    ),
    Node(
        nodes.register_classifier,
        ["classifier_model", "test_arrays", "test_metrics", "provenance"],
        "registered_classifier",
        name="register",
        tags="serving",
    ),
]


def create_pipeline() -> Pipeline:
    """The same steps for digits and for characters."""
    return sum((Pipeline(TRAIN, namespace=name) for name in ("digits", "characters")), Pipeline([]))

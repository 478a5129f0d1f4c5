"""The calibration of logits that a file has."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.calibration import logit_nodes
from atelier.pipelines.calibration.shared_nodes import (
    CALIBRATE,
    CHOOSE,
    DECISIONS,
    GAINS,
    MEASURE,
)

LOGITS = [
    Node(
        logit_nodes.divide_own_logits,
        ["source", "params:study"],
        ["logits_arrays", "provenance"],
        name="divide",
        tags="data",
    ),
    CALIBRATE,
    MEASURE,
    Node(
        logit_nodes.score_own_examples,
        ["probabilities_arrays", "logits_arrays"],
        "calibration_examples",
        name="score_examples",
        tags="calibration",
    ),
    CHOOSE,
    Node(
        logit_nodes.draw_own_reliability,
        ["probabilities_arrays", "logits_arrays", "calibration_table", "provenance"],
        ["reliability_figure", "reliability_plot"],
        name="draw_reliability",
        tags="figures",
    ),
    GAINS,
    Node(
        logit_nodes.detect_mistakes,
        [
            "logits_arrays",
            "scaling_arrays",
            "provenance",
            "params:density",
            "params:calibration",
        ],
        ["density_arrays", "confidence_arrays", "mistakes_table", "mistakes_figure"],
        name="detect_mistakes",
        tags="density",
    ),
    Node(
        logit_nodes.write_page,
        [
            "logits_arrays",
            "provenance",
            "probabilities_arrays",
            "calibration_table",
            "selection_table",
            "chosen_calibrator",
            "density_arrays",
            "confidence_arrays",
            "mistakes_table",
            "sets_table",
            "set_sizes_table",
            "rejection_table",
        ],
        "calibration_page",
        name="write_page",
        tags="figures",
    ),
]


def create_logits_pipeline() -> Pipeline:
    """Calibrates the logits or probabilities of any model, which a file has; trains nothing."""
    return Pipeline(LOGITS + DECISIONS, namespace="logits")

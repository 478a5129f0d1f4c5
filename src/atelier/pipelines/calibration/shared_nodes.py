"""Nodes that calibrate the project's own networks and logits of a user alike."""

from kedro.pipeline import Node

from atelier.pipelines.calibration import decision_nodes, nodes

CALIBRATE = Node(
    nodes.calibrate,
    ["logits_arrays", "params:study"],
    ["probabilities_arrays", "scaling_arrays"],
    name="calibrate",
    tags="calibration",
)
CHOOSE = Node(
    nodes.choose_calibrator,
    ["logits_arrays", "provenance", "params:study", "params:calibration"],
    ["chosen_calibrator", "selection_table"],
    name="choose_calibrator",
    tags="calibration",
)
MEASURE = Node(
    nodes.measure_calibration,
    ["probabilities_arrays", "logits_arrays", "scaling_arrays", "params:calibration"],
    ["calibration_table", "calibration_metrics"],
    name="measure_calibration",
    tags="calibration",
)
GAINS = Node(
    nodes.draw_gains,
    ["calibration_table", "provenance"],
    "gain_figure",
    name="draw_gains",
    tags="figures",
)
DECISIONS = [
    Node(
        decision_nodes.calibrate_held_out,
        ["logits_arrays", "chosen_calibrator", "params:sets"],
        "held_out_arrays",
        name="calibrate_held_out",
        tags="calibration",
    ),
    Node(
        decision_nodes.study_sets,
        ["held_out_arrays", "logits_arrays", "provenance", "params:sets"],
        ["prediction_sets", "sets_table", "set_sizes_table", "sets_metrics", "sets_figure"],
        name="study_sets",
        tags="calibration",
    ),
    Node(
        decision_nodes.study_rejection,
        [
            "held_out_arrays",
            "logits_arrays",
            "scaling_arrays",
            "density_arrays",
            "provenance",
            "params:rejection",
            "params:density",
        ],
        ["rejection_rule", "rejection_table", "rejection_metrics", "rejection_figure"],
        name="study_rejection",
        tags="density",
    ),
]

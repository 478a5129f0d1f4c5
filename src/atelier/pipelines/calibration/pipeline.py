"""Calibration: confidence of predictions before and after calibration, and under shift."""

from kedro.pipeline import Node, Pipeline

from atelier.incremental import with_reads
from atelier.pipelines.calibration import (
    decision_nodes,
    logit_nodes,
    nodes,
    out_of_distribution_nodes,
)
from atelier.pipelines.sinks import with_sinks

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
CALIBRATION = [
    CALIBRATE,
    MEASURE,
    Node(
        nodes.score_examples,
        ["probabilities_arrays", "logits_arrays", "test_arrays"],
        "calibration_examples",
        name="score_examples",
        tags="calibration",
    ),
]
DENSITY = [
    Node(
        nodes.draw_reliability,
        ["probabilities_arrays", "logits_arrays", "calibration_table", "provenance"],
        ["reliability_figure", "reliability_plot"],
        name="draw_reliability",
        tags="figures",
    ),
    GAINS,
    Node(
        nodes.fit_density,
        ["logits_arrays", "params:density"],
        "density_arrays",
        name="fit_density",
        tags="density",
    ),
    Node(
        nodes.collect_out_of_distribution,
        ["characters_arrays", "characters_provenance", "provenance", "params:shift"],
        "out_of_distribution_arrays",
        name="collect_out_of_distribution",
        tags="density",
    ),
    Node(
        nodes.evaluate_shift,
        [
            "classifier_model",
            "test_arrays",
            "out_of_distribution_arrays",
            "density_arrays",
            "scaling_arrays",
            "params:shift",
        ],
        ["shift_table", "detection_table"],
        name="evaluate_shift",
        tags="density",
    ),
    Node(
        nodes.draw_shift,
        ["shift_table", "detection_table", "test_arrays", "provenance"],
        ["scaling_figure", "detection_figure"],
        name="draw_shift",
        tags="figures",
    ),
    Node(
        nodes.register_calibrated,
        [
            "classifier_model",
            "test_arrays",
            "density_arrays",
            "scaling_arrays",
            "calibration_table",
            "provenance",
            "chosen_calibrator",
            "selection_table",
            "prediction_sets",
            "sets_metrics",
            "rejection_rule",
        ],
        "registered_confidence",
        name="register_calibrated",
        tags="serving",
    ),
]
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
CAPACITY = [
    Node(
        with_sinks(nodes.study_capacity, checkpoint="capacity_checkpoint"),
        [
            "train_arrays",
            "calibration_arrays",
            "test_arrays",
            "params:capacity",
        ],
        "capacity_table",
        name="study_capacity",
        tags="capacity",
    ),
    Node(
        with_sinks(nodes.study_overtraining, curve="overtraining_curve"),
        [
            "train_arrays",
            "calibration_arrays",
            "test_arrays",
            "params:capacity",
        ],
        ["overtrained", "overtraining_history"],
        name="study_overtraining",
        tags="capacity",
    ),
    Node(
        with_sinks(nodes.draw_capacity, checkpoint="capacity_checkpoint"),
        ["capacity_table", "overtraining_history", "provenance"],
        ["capacity_figure", "overtraining_figure"],
        name="draw_capacity",
        tags="figures",
    ),
]
OVERTRAINED = [
    Node(
        nodes.draw_overtrained,
        ["probabilities_arrays", "logits_arrays", "calibration_table", "provenance"],
        ["reliability_figure", "reliability_plot"],
        name="draw_overtrained",
        tags="figures",
    ),
    Node(
        nodes.draw_overtrained_gains,
        ["calibration_table", "provenance"],
        "gain_figure",
        name="draw_overtrained_gains",
        tags="figures",
    ),
]
OUT_OF_DISTRIBUTION = [
    Node(
        with_reads(
            out_of_distribution_nodes.collect_far_images, out_of_distribution_nodes.fashion_files
        ),
        ["archives", "test_arrays", "params:out_of_distribution"],
        "far_images_arrays",
        name="collect_far_images",
        tags="density",
    ),
    Node(
        out_of_distribution_nodes.score_classifier,
        [
            "classifier_model",
            "logits_arrays",
            "features_arrays",
            "test_arrays",
            "out_of_distribution_arrays",
            "far_images_arrays",
            "params:out_of_distribution",
        ],
        ["classifier_scores_arrays", "classifier_scores_table"],
        name="score_classifier",
        tags="density",
    ),
    Node(
        with_sinks(
            out_of_distribution_nodes.score_networks, checkpoint="out_of_distribution_checkpoint"
        ),
        [
            "train_arrays",
            "calibration_arrays",
            "test_arrays",
            "out_of_distribution_arrays",
            "far_images_arrays",
            "provenance",
            "params:out_of_distribution",
        ],
        "network_scores_arrays",
        name="score_networks",
        tags="density",
    ),
    Node(
        out_of_distribution_nodes.measure_detection,
        ["network_scores_arrays", "params:out_of_distribution"],
        ["network_scores_table", "out_of_distribution_table", "out_of_distribution_metrics"],
        name="measure_detection",
        tags="density",
    ),
    Node(
        with_sinks(
            out_of_distribution_nodes.draw_detection, checkpoint="out_of_distribution_checkpoint"
        ),
        ["out_of_distribution_table", "out_of_distribution_metrics", "provenance"],
        "out_of_distribution_figure",
        name="draw_detection",
        tags="figures",
    ),
]
SUMMARY = [
    Node(
        nodes.compare_networks,
        [
            "digits_table",
            "characters_table",
            "overtrained_table",
            "digits_provenance",
            "characters_provenance",
        ],
        ["guo_table", "guo_figure"],
        name="compare_networks",
        tags="figures",
    ),
]
LOGITS = [
    Node(
        logit_nodes.divide,
        ["source", "params:study"],
        ["logits_arrays", "provenance"],
        name="divide",
        tags="data",
    ),
    CALIBRATE,
    MEASURE,
    Node(
        logit_nodes.score_examples,
        ["probabilities_arrays", "logits_arrays"],
        "calibration_examples",
        name="score_examples",
        tags="calibration",
    ),
    CHOOSE,
    Node(
        logit_nodes.draw_reliability,
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
        ],
        "calibration_page",
        name="write_page",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """Calibrates digits and characters.

    On digits it also compares scores of out-of-distribution detection, on characters it studies
    capacity and overtraining.
    """
    characters = {
        "characters_arrays": "characters.test_arrays",
        "characters_provenance": "characters.provenance",
    }
    logits = {"overtrained": "overtrained.logits_arrays"}
    parts = [
        *(
            Pipeline(
                [*CALIBRATION, CHOOSE, *DENSITY, *DECISIONS], namespace=name, inputs=characters
            )
            for name in ("digits", "characters")
        ),
        Pipeline(OUT_OF_DISTRIBUTION, namespace="digits", inputs={"archives"}),
        Pipeline(CAPACITY, namespace="characters", outputs=logits),
        Pipeline(
            CALIBRATION + OVERTRAINED,
            namespace="overtrained",
            inputs={
                "provenance": "characters.provenance",
                "test_arrays": "characters.test_arrays",
            },
            parameters={
                f"params:{name}": f"params:characters.{name}" for name in ("calibration", "study")
            },
        ),
    ]
    tables = {
        f"{name}_table": f"{name}.calibration_table"
        for name in ("digits", "characters", "overtrained")
    }
    records = {f"{name}_provenance": f"{name}.provenance" for name in ("digits", "characters")}
    summary = Pipeline(SUMMARY, namespace="networks", inputs=tables | records)
    return sum(parts, summary)


def create_logits_pipeline() -> Pipeline:
    """Calibrates the logits or probabilities of any model, which a file has; trains nothing."""
    return Pipeline(LOGITS + DECISIONS, namespace="logits")

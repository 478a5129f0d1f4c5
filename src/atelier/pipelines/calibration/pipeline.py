"""Calibration: confidence of predictions before and after calibration, and under shift."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.calibration import nodes
from atelier.pipelines.calibration.out_of_distribution_pipeline import OUT_OF_DISTRIBUTION
from atelier.pipelines.calibration.shared_nodes import (
    CALIBRATE,
    CHOOSE,
    DECISIONS,
    GAINS,
    MEASURE,
)
from atelier.pipelines.sinks import with_sinks

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

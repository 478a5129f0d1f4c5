"""Segmentation: U-Net with and without border weights, compared with Otsu and EM."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.segmentation import nodes
from atelier.pipelines.sinks import with_sinks

DATA = ["train_arrays", "validation_arrays"]
CELLS = [
    "otsu_cells_arrays",
    "em_cells_arrays",
    "unet_cells_arrays",
    "unweighted_cells_arrays",
    "combined_cells_arrays",
]

SEGMENTATION = [
    Node(
        with_sinks(nodes.train_unet, curve="unet_curve", checkpoint="unet_checkpoint"),
        [*DATA, "params:unet"],
        ["unet_model", "unet_history"],
        name="train_unet",
        tags="training",
    ),
    Node(
        with_sinks(
            nodes.train_unweighted_unet,
            curve="unweighted_curve",
            checkpoint="unweighted_checkpoint",
        ),
        [*DATA, "params:unet"],
        ["unweighted_model", "unweighted_history"],
        name="train_unweighted_unet",
        tags="training",
    ),
    Node(
        with_sinks(nodes.predict_log_odds, checkpoint="unet_checkpoint"),
        ["unet_model", "validation_arrays", "params:unet", "params:prediction"],
        "unet_validation_logits_arrays",
        name="predict_unet_on_validation",
        tags="evaluation",
    ),
    Node(
        with_sinks(nodes.predict_log_odds, checkpoint="unet_checkpoint"),
        ["unet_model", "test_arrays", "params:unet", "params:prediction"],
        "unet_test_logits_arrays",
        name="predict_unet_on_test",
        tags="evaluation",
    ),
    Node(
        with_sinks(nodes.predict_log_odds, checkpoint="unweighted_checkpoint"),
        [
            "unweighted_model",
            "validation_arrays",
            "params:unet",
            "params:prediction",
        ],
        "unweighted_validation_logits_arrays",
        name="predict_unweighted_unet_on_validation",
        tags="evaluation",
    ),
    Node(
        with_sinks(nodes.predict_log_odds, checkpoint="unweighted_checkpoint"),
        [
            "unweighted_model",
            "test_arrays",
            "params:unet",
            "params:prediction",
        ],
        "unweighted_test_logits_arrays",
        name="predict_unweighted_unet_on_test",
        tags="evaluation",
    ),
    Node(
        nodes.segment_cells,
        [
            "unet_test_logits_arrays",
            "unet_test_logits_arrays",
            "validation_arrays",
            "unet_validation_logits_arrays",
            "params:prediction",
            "params:unet",
        ],
        "unet_cells_arrays",
        name="find_cells_by_unet",
        tags="evaluation",
    ),
    Node(
        nodes.segment_cells,
        [
            "unweighted_test_logits_arrays",
            "unweighted_test_logits_arrays",
            "validation_arrays",
            "unweighted_validation_logits_arrays",
            "params:prediction",
            "params:unet",
        ],
        "unweighted_cells_arrays",
        name="find_cells_by_unweighted_unet",
        tags="evaluation",
    ),
    Node(
        nodes.segment_cells,
        [
            "unet_test_logits_arrays",
            "unweighted_test_logits_arrays",
            "validation_arrays",
            "unweighted_validation_logits_arrays",
            "params:prediction",
            "params:unet",
        ],
        "combined_cells_arrays",
        name="find_cells_by_combined_unets",
        tags="evaluation",
    ),
    Node(
        nodes.compare_segmentations,
        ["test_arrays", *CELLS, "params:unet"],
        ["scores_table", "summary_table", "segmentation_metrics", "segmentation_examples"],
        name="compare_segmentations",
        tags="evaluation",
    ),
    Node(
        nodes.match_cells,
        ["test_arrays", *CELLS, "provenance", "params:unet"],
        ["matches_table", "matching_table", "matching_metrics", "matching_figure"],
        name="match_cells",
        tags="evaluation",
    ),
    Node(
        nodes.evaluate_pixel_calibration,
        [
            "validation_arrays",
            "test_arrays",
            "unet_validation_logits_arrays",
            "unet_test_logits_arrays",
            "provenance",
            "params:unet",
        ],
        ["pixel_calibration_metrics", "pixel_calibration_figure"],
        name="evaluate_pixel_calibration",
        tags="evaluation",
    ),
    Node(
        nodes.evaluate_cell_calibration,
        [
            "validation_arrays",
            "test_arrays",
            "unet_validation_logits_arrays",
            "unet_test_logits_arrays",
            "unet_cells_arrays",
            "provenance",
            "params:prediction",
            "params:unet",
        ],
        ["cell_probabilities_table", "cell_calibration_metrics", "cell_calibration_figure"],
        name="evaluate_cell_calibration",
        tags="evaluation",
    ),
    Node(
        nodes.draw_segmentations,
        ["test_arrays", *CELLS[:3], "scores_table", "summary_table", "provenance"],
        ["segmentation_figure", "f1_by_overlap_figure"],
        name="draw_segmentations",
        tags="figures",
    ),
    Node(
        nodes.draw_unet_training,
        ["train_arrays", "unet_history", "unweighted_history", "provenance", "params:unet"],
        ["training_samples_figure", "unet_training_figure"],
        name="draw_unet_training",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """Returns the pipeline on the images of cells, after thresholding and clustering."""
    return Pipeline(SEGMENTATION, namespace="cells")

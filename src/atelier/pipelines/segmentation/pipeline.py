"""Segmentation: U-Net with and without border weights, beside Otsu and EM."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.segmentation import nodes

DATA = ["train_arrays", "validation_arrays"]
FOUND = [
    "otsu_cells_arrays",
    "em_cells_arrays",
    "unet_cells_arrays",
    "plain_cells_arrays",
    "both_cells_arrays",
]

SEGMENTATION = [
    Node(
        nodes.train,
        [*DATA, "params:unet", "unet_curve", "unet_checkpoint"],
        ["unet_model", "unet_history"],
        name="train_unet",
        tags="training",
    ),
    Node(
        nodes.train_plain,
        [*DATA, "params:unet", "plain_curve", "plain_checkpoint"],
        ["plain_model", "plain_history"],
        name="train_plain",
        tags="training",
    ),
    Node(
        nodes.ask,
        ["unet_model", "validation_arrays", "params:unet", "params:prediction", "unet_checkpoint"],
        "unet_validation_arrays",
        name="ask_unet_about_validation",
        tags="evaluation",
    ),
    Node(
        nodes.ask,
        ["unet_model", "test_arrays", "params:unet", "params:prediction", "unet_checkpoint"],
        "unet_odds_arrays",
        name="ask_unet_about_test",
        tags="evaluation",
    ),
    Node(
        nodes.ask,
        [
            "plain_model",
            "validation_arrays",
            "params:unet",
            "params:prediction",
            "plain_checkpoint",
        ],
        "plain_validation_arrays",
        name="ask_plain_about_validation",
        tags="evaluation",
    ),
    Node(
        nodes.ask,
        ["plain_model", "test_arrays", "params:unet", "params:prediction", "plain_checkpoint"],
        "plain_odds_arrays",
        name="ask_plain_about_test",
        tags="evaluation",
    ),
    Node(
        nodes.find_cells,
        [
            "unet_odds_arrays",
            "unet_odds_arrays",
            "validation_arrays",
            "unet_validation_arrays",
            "params:prediction",
            "params:unet",
        ],
        "unet_cells_arrays",
        name="find_cells_by_unet",
        tags="evaluation",
    ),
    Node(
        nodes.find_cells,
        [
            "plain_odds_arrays",
            "plain_odds_arrays",
            "validation_arrays",
            "plain_validation_arrays",
            "params:prediction",
            "params:unet",
        ],
        "plain_cells_arrays",
        name="find_cells_by_plain",
        tags="evaluation",
    ),
    Node(
        nodes.find_cells,
        [
            "unet_odds_arrays",
            "plain_odds_arrays",
            "validation_arrays",
            "plain_validation_arrays",
            "params:prediction",
            "params:unet",
        ],
        "both_cells_arrays",
        name="find_cells_by_both",
        tags="evaluation",
    ),
    Node(
        nodes.compare,
        ["test_arrays", *FOUND, "params:unet"],
        ["scores_table", "summary_table", "segmentation_metrics"],
        name="compare_segmentations",
        tags="evaluation",
    ),
    Node(
        nodes.trust,
        [
            "validation_arrays",
            "test_arrays",
            "unet_validation_arrays",
            "unet_odds_arrays",
            "provenance",
            "params:unet",
        ],
        ["pixels_metrics", "pixels_figure"],
        name="trust_pixels",
        tags="evaluation",
    ),
    Node(
        nodes.draw,
        [
            "train_arrays",
            "test_arrays",
            *FOUND[:3],
            "scores_table",
            "summary_table",
            "unet_history",
            "plain_history",
            "provenance",
            "params:unet",
        ],
        ["segmentation_figure", "strictness_figure", "lessons_figure", "learning_figure"],
        name="draw_segmentations",
        tags="figures",
    ),
]


def create_pipeline() -> Pipeline:
    """On the cells, beside what thresholding and clustering found there."""
    return Pipeline(SEGMENTATION, namespace="cells")

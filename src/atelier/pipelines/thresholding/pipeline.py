"""Thresholding: Otsu's method on an image, and on cells."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.thresholding import nodes

PICTURE = [
    Node(
        nodes.threshold_image,
        ["image", "params:otsu"],
        ["otsu_table", "otsu_metrics", "otsu_figure"],
        name="threshold",
        tags="evaluation",
    ),
    Node(
        nodes.compare_criteria,
        ["image", "params:prior_path"],
        ["criteria_table", "criteria_metrics", "criteria_figure"],
        name="compare_criteria",
        tags="evaluation",
    ),
    Node(
        nodes.divide_pages,
        ["pages", "params:foreground"],
        ["foreground_arrays", "foreground_metrics", "foreground_figure"],
        name="divide_pages",
        tags="evaluation",
    ),
]

CELLS = [
    Node(
        nodes.find_cells_by_threshold,
        ["test_arrays", "params:watershed"],
        "otsu_cells_arrays",
        name="find_cells_by_threshold",
        tags="evaluation",
    ),
    Node(
        nodes.score_threshold,
        ["test_arrays", "otsu_cells_arrays", "provenance", "params:otsu"],
        ["otsu_scores_table", "otsu_metrics", "otsu_examples", "otsu_cells_figure"],
        name="score_threshold",
        tags="evaluation",
    ),
]


def create_pipeline() -> Pipeline:
    """Returns the pipelines of a grey image and of the test cells."""
    return Pipeline(PICTURE, namespace="picture") + Pipeline(
        CELLS, namespace="cells", parameters={"params:otsu": "params:picture.otsu"}
    )

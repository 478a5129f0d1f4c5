"""Annotation: how many images must be annotated for U-Net? Runs only by its name."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.annotation import nodes
from atelier.pipelines.sinks import with_sinks

ANNOTATION = [
    Node(
        with_sinks(nodes.train_with_few_images, trainings="annotation_trainings"),
        [
            "train_arrays",
            "test_arrays",
            "params:annotation",
            "params:unet",
            "params:prediction",
        ],
        "annotation_matches_table",
        name="train_with_few_images",
        tags="training",
    ),
    Node(
        nodes.compare_with_otsu,
        [
            "annotation_matches_table",
            "test_arrays",
            "otsu_cells_arrays",
            "provenance",
            "params:unet",
        ],
        ["annotation_table", "annotation_metrics", "annotation_figure", "annotation_text"],
        name="compare_with_otsu",
        tags="evaluation",
    ),
]


def create_pipeline() -> Pipeline:
    """Returns the pipeline on the images of cells, after thresholding."""
    return Pipeline(ANNOTATION, namespace="cells")

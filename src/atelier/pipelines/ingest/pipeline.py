"""Ingest: read a source, check it, split it, describe it."""

from kedro.pipeline import Node, Pipeline

from atelier.incremental import with_reads
from atelier.pipelines.ingest import nodes

SPLITS = ["train_arrays", "validation_arrays", "calibration_arrays", "test_arrays"]

INGEST = [
    Node(
        with_reads(nodes.acquire, nodes.source_files),
        ["archives", "params:ingest", "params:user_data", "params:splits"],
        [*SPLITS, "provenance"],
        name="acquire",
        tags="data",
    ),
    Node(
        nodes.check_splits,
        [*SPLITS, "provenance"],
        ["duplicates_table", "data_metrics"],
        name="check_splits",
        tags="data",
    ),
    Node(
        nodes.describe_classes,
        [*SPLITS, "provenance"],
        ["classes_table", "variability_metrics"],
        name="describe_classes",
        tags="data",
    ),
    Node(
        nodes.draw_data_card,
        ["train_arrays", "classes_table", "provenance"],
        ["counts_figure", "contact_sheet_figure", "moments_figure", "deviation_figure"],
        name="draw_data_card",
        tags="figures",
    ),
]

CELL_SPLITS = ["train_arrays", "validation_arrays", "test_arrays"]

CELLS = [
    Node(
        with_reads(nodes.acquire_cells, nodes.cell_files),
        ["archives", "params:ingest", "params:splits"],
        [*CELL_SPLITS, "provenance"],
        name="acquire_cells",
        tags="data",
    ),
    Node(
        nodes.describe_cells,
        [*CELL_SPLITS, "provenance"],
        ["pictures_table", "data_metrics", "pictures_figure"],
        name="describe_cells",
        tags="data",
    ),
]


def create_pipeline() -> Pipeline:
    """Returns the pipelines of digits, characters and cells; the first two are the same."""
    labelled = sum(
        (
            Pipeline(INGEST, namespace=name, inputs={"archives"})
            for name in ("digits", "characters")
        ),
        Pipeline([]),
    )
    return labelled + Pipeline(CELLS, namespace="cells", inputs={"archives"})

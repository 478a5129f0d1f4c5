"""Clustering: EM on points, on the colours of an image, and on cells."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.clustering import nodes

PLANE = [
    Node(
        nodes.run_em_steps,
        "params:em",
        ["em_figure", "em_animation"],
        name="run_em_steps",
        tags="figures",
    ),
    Node(
        nodes.compare_initialisations,
        "params:em",
        ["starts_table", "starts_metrics", "starts_figure"],
        name="compare_initialisations",
        tags="evaluation",
    ),
]

COLOURS = [
    Node(
        nodes.cluster_image,
        ["image", "params:em"],
        ["bic_table", "clusters_metrics", "clusters_arrays", "clusters_figure"],
        name="cluster_colours",
        tags="training",
    ),
]

CELLS = [
    Node(
        nodes.find_cells_by_mixture,
        ["test_arrays", "params:watershed"],
        "em_cells_arrays",
        name="find_cells_by_mixture",
        tags="evaluation",
    ),
    Node(
        nodes.score_mixture,
        ["test_arrays", "em_cells_arrays", "provenance", "params:em"],
        ["em_scores_table", "em_metrics", "em_examples", "em_cells_figure"],
        name="score_mixture",
        tags="evaluation",
    ),
]


def create_pipeline() -> Pipeline:
    """Returns the pipelines of points in the plane, an image's colours, and the test cells."""
    return (
        Pipeline(PLANE, namespace="plane")
        + Pipeline(COLOURS, namespace="colours")
        + Pipeline(CELLS, namespace="cells", parameters={"params:em": "params:plane.em"})
    )

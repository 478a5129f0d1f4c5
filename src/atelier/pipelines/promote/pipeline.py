"""Promotion of the newest calibrated model to champion, and its rollback."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.promote import nodes

NAMESPACES = ("digits", "characters")
PROMOTE = [
    Node(
        nodes.promote_newest,
        ["test_arrays", "provenance", "champions", "params:promotion", "params:referee"],
        ["promotion_table", "promotion_metrics", "promotion_text", "promotion_figure"],
        name="promote_newest",
        tags="registry",
    ),
]
ROLLBACK = [
    Node(
        nodes.roll_back_champion,
        "champions",
        "rollback_text",
        name="roll_back_champion",
        tags="registry",
    ),
]


def create_pipeline() -> Pipeline:
    """Promotes the models of digits and of characters."""
    return sum((Pipeline(PROMOTE, namespace=name) for name in NAMESPACES), Pipeline([]))


def create_rollback() -> Pipeline:
    """Rolls both champions back; ``--namespaces digits`` selects one of them."""
    return sum((Pipeline(ROLLBACK, namespace=name) for name in NAMESPACES), Pipeline([]))

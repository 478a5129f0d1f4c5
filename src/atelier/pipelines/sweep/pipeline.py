"""The sweep pipeline: every optimizer, with and without dropout, at every learning rate."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.sinks import with_sinks
from atelier.pipelines.sweep import nodes

SWEEP = [
    Node(
        nodes.gather_images,
        [
            "train_arrays",
            "validation_arrays",
            "calibration_arrays",
            "test_arrays",
            "provenance",
            "params:gather",
        ],
        "data_arrays",
        name="gather_images",
        tags="sweep",
    ),
    Node(
        with_sinks(nodes.train_population, trials="trials"),
        ["data_arrays", "params:study"],
        ["members_table", "hits_arrays"],
        name="train_population",
        tags="training",
    ),
    Node(
        nodes.analyze_study,
        ["members_table", "hits_arrays", "params:gather"],
        [
            "curves_table",
            "best_table",
            "effect_table",
            "collapse_table",
            "verdict_text",
            "best_metrics",
        ],
        name="analyze_study",
        tags="sweep",
    ),
    Node(
        nodes.evaluate_budgets,
        ["members_table", "hits_arrays", "params:gather"],
        ["budgets_table", "overtaking_table"],
        name="evaluate_budgets",
        tags="sweep",
    ),
    Node(
        nodes.measure_sensitivity,
        ["members_table", "hits_arrays", "best_table", "params:gather"],
        ["sensitivity_table", "chance_table"],
        name="measure_sensitivity",
        tags="sweep",
    ),
    Node(
        nodes.score_examples,
        ["members_table", "hits_arrays", "best_table", "data_arrays"],
        "best_examples",
        name="score_examples",
        tags="sweep",
    ),
    Node(
        nodes.draw_study,
        ["curves_table", "best_table", "collapse_table", "provenance", "params:study"],
        ["rates_figure", "rates_plot"],
        name="draw_study",
        tags="figures",
    ),
    Node(
        nodes.draw_answers,
        ["curves_table", "best_table", "budgets_table", "provenance"],
        ["aligned_figure", "budgets_figure"],
        name="draw_answers",
        tags="figures",
    ),
    Node(
        nodes.select_members,
        ["members_table", "best_table", "params:runs"],
        "member_runs",
        name="select_members",
        tags="sweep",
    ),
]
CHARACTERS = ("train_arrays", "validation_arrays", "calibration_arrays", "test_arrays")


def create_pipeline() -> Pipeline:
    """Returns the sweep on characters."""
    read = {name: f"characters.{name}" for name in (*CHARACTERS, "provenance")}
    return Pipeline(SWEEP, namespace="sweep", inputs=read)

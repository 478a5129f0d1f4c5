"""Report: one page that tells the whole lab, from the catalog."""

from kedro.pipeline import Node, Pipeline

from atelier.pipelines.report import nodes

KINDS = ("_figure", "_metrics", "_table", "_text")
"""What is light to load, the lightest first."""


def create_pipeline(after: Pipeline | None = None) -> Pipeline:
    """The report alone, of what there is; or as the last node ``after`` all others."""
    ends = _ends(after) if after else []
    inputs = ["report.experiments", "report.lab", *ends]
    return Pipeline([Node(nodes.write_report, inputs, "report.page", name="report.write")])


def _ends(pipeline: Pipeline) -> list[str]:
    """One light output of every node whose outputs no other node reads."""
    free = pipeline.outputs()
    light = [
        [name for kind in KINDS for name in node.outputs if name.endswith(kind) and name in free]
        for node in pipeline.nodes
    ]
    return sorted(names[0] for names in light if names)

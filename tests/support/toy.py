"""A registry of two small pipelines, whose nodes fail or wait where a variable says so.

It replaces the registry of a project's copy. With Kedro's runner the nodes of ``toy`` take turns:
``left.first``, ``right.first``, ``left.second``, ``right.second``. ``reported`` ends with the
report.
"""

import os
import time
from pathlib import Path

from kedro.pipeline import Node, Pipeline

from atelier.pipelines import report

UNTRACKED = "untracked"


def step(name: str):
    """A node's function: ``TOY=fail:toy.left.second`` makes that one fail, and so on.

    Several, divided by commas, happen in this order.
    """

    def run(*_):
        plans = [plan.partition(":") for plan in os.environ.get("TOY", "").split(",")]
        for mode in [mode for mode, _, planted in plans if planted == name]:
            if mode == "fail":
                raise ZeroDivisionError("planted, password=secret")
            if mode == "unsaveable":
                return {"value": object()}
            if mode == "corrupt":
                Path("data/08_reporting/test/left/first_metrics.json").write_text("{")
            if mode == "hang":
                Path("hangs").touch()
                time.sleep(3000)
            while mode == "wait" and not Path("goes_on").exists():
                time.sleep(0.05)
        return {"value": 1.0}

    return run


def chain(pipeline: str, namespace: str) -> list[Node]:
    prefix = ".".join(dict.fromkeys((pipeline, namespace)))
    return [
        Node(
            step(f"{prefix}.{name}"),
            inputs,
            f"{namespace}.{name}_metrics",
            name=name,
            namespace=prefix,
        )
        for name, inputs in (("first", None), ("second", f"{namespace}.first_metrics"))
    ]


def register_pipelines() -> dict[str, Pipeline]:
    toy = Pipeline([*chain("toy", "left"), *chain("toy", "right")])
    solo = Pipeline(chain("solo", "solo"))
    index = Node(len, "left.second_metrics", "toy.index", name="index", namespace="toy")
    return {
        "toy": toy,
        "solo": solo,
        "count": Pipeline([index.tag(UNTRACKED)]),
        "reported": toy + solo + report.create_pipeline(after=toy + solo),
        "__default__": toy + solo,
    }

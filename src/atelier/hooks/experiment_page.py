"""How MLflow's page shows the experiment: its description, its kind, the columns of its runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from atelier.report.descriptions import is_signed, sign

NOTE = "mlflow.note.content"
VIEW = "runs"
"""The name of the shared view, which addresses of the page contain."""
SHARED_VIEW = f"mlflow.sharedViewState.{VIEW}"
KIND, TRAINING = "mlflow.experimentKind", "custom_model_development"
"""MLflow's tag of an experiment's kind, and the kind "Machine learning"."""
UNFOLDED = {"mlflow.runType": "evaluation"}
"""The tag of runs whose parent MLflow's page unfolds when a browser opens it for the first time."""
COLUMNS = {
    "attributes.`Created`": 130,
    "tags.`pipeline`": 105,
    "tags.`namespace`": 95,
    "tags.`headline`": 290,
    "tags.`interval`": 110,
    "tags.`duration`": 75,
}
"""The columns of the table by MLflow's keys, and their widths in pixels."""
ALWAYS_SHOWN = {"attributes.`Run Name`": 215, "duration": 80}
"""MLflow's own columns; its duration, from the first node to the last, comes after all others."""
DESCRIPTION = """\
Each run is one experiment on one data set, below the run of the command that made it. **headline**
is its main number with what it measures, **interval** the 95 % interval of that number,
**duration** the time of its own nodes.

- A run's page has its question, its figure, its data and the command that repeats it.
- Two runs of the same pipeline and namespace have the same metrics: select them and *Compare*, or
  `kedro run --pipeline compare --params runs=ID1+ID2` for paired intervals and their figures.
- Find runs by tags: `tags.pipeline = 'train' and tags.namespace = 'digits'`.
"""


def view_state() -> dict[str, Any]:
    """Returns the state of MLflow's table of runs: columns and their widths, newest runs first."""
    first, last = ({name: width} for name, width in ALWAYS_SHOWN.items())
    widths = first | COLUMNS | last
    return {
        "selectedColumns": list(COLUMNS),
        "columnOrder": list(widths),
        "columnWidths": widths,
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
    }


def page_tags(existing: Mapping[str, str]) -> dict[str, str]:
    """Returns the tags that an experiment lacks.

    Args:
        existing: The experiment's tags. A description that a person wrote stays, and a kind that
            somebody chose.
    """
    note = existing.get(NOTE, "")
    is_free = not note or is_signed(note)
    wanted = {
        SHARED_VIEW: json.dumps(view_state()),
        KIND: existing.get(KIND, TRAINING),
        NOTE: sign(DESCRIPTION) if is_free else note,
    }
    return {name: text for name, text in wanted.items() if existing.get(name) != text}


def runs_address(experiment_id: str) -> str:
    """Returns the address of the table of runs, relative to MLflow's page.

    Args:
        experiment_id: The id of the experiment.
    """
    view = f"viewStateShareKey={VIEW}&workflowType=machine_learning"
    return f"#/experiments/{experiment_id}/runs?{view}"

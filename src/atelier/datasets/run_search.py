"""Finds the runs that are to be compared, by id or by experiment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kedro.io import DatasetError

PIPELINE, NAMESPACE, PARENT = "pipeline", "namespace", "mlflow.parentRunId"
"""Tags of the runs of experiments; the last one has the id of the command's run."""
ENDED = ("FINISHED", "FAILED", "KILLED")
RECENT = 200
"""So many of the newest runs are looked at for one with a predecessor, and for suggestions."""


def mlflow_experiment_name(run: Any) -> str:
    """Returns the name of a run's experiment, such as ``train · digits``; else the run's own."""
    tags = run.data.tags
    if PIPELINE not in tags:
        return str(run.info.run_name)
    return " · ".join(dict.fromkeys((tags[PIPELINE], tags.get(NAMESPACE, tags[PIPELINE]))))


def find_run(prefix: str) -> Any:
    """Returns the run whose id begins with some digits.

    Raises:
        DatasetError: If no run or several begin with them, or the run was deleted or still runs.
    """
    import mlflow
    from mlflow.entities import ViewType

    runs = mlflow.search_runs(
        search_all_experiments=True,
        filter_string=f"attributes.run_id LIKE '{prefix}%'",
        run_view_type=ViewType.ALL,
        max_results=5,
        output_format="list",
    )
    if not runs:
        raise DatasetError(
            f"Expected the id of a run, or its first digits. Received: {prefix}, with which no "
            "run in the store begins. `make ui` shows the runs; a run's page shows its id"
        )
    if len(runs) > 1:
        ids = ", ".join(run.info.run_id for run in runs)
        raise DatasetError(
            f"Expected the first digits of one run's id. Received: {prefix}, with which several "
            f"begin: {ids}"
        )
    (run,) = runs
    _check_state(run)
    return run


def _check_state(run: Any) -> None:
    name = f"{run.info.run_id} ({run.info.run_name})"
    if run.info.lifecycle_stage == "deleted":
        raise DatasetError(
            f"Expected runs that exist. Received: {name}, which was deleted. To restore it: "
            f"mlflow runs restore --run-id {run.info.run_id}"
        )
    if run.info.status not in ENDED:
        raise DatasetError(
            f"Expected runs that have ended. Received: {name}, whose status is {run.info.status}. "
            "Wait until it has ended"
        )


def experiment_runs(run: Any) -> list[Any]:
    """Returns the runs of the experiments of a command, or the run itself where it has none."""
    import mlflow

    if PIPELINE in run.data.tags:
        return [run]
    children = mlflow.search_runs(
        experiment_ids=[run.info.experiment_id],
        filter_string=f"tags.`{PARENT}` = '{run.info.run_id}' and tags.{PIPELINE} != ''",
        output_format="list",
    )
    ended = [child for child in children if child.info.status in ENDED]
    return sorted(ended, key=lambda child: child.info.start_time) or [run]


def last_two_runs(experiment: str | None) -> list[Any]:
    """Returns the last two finished runs of an experiment, the older one first.

    Args:
        experiment: Such as ``train.digits``, or the pipeline alone where it has one namespace; None
            stands for the experiment of the newest run that has metrics.

    Raises:
        DatasetError: If there are no two, or the name stands for no experiment or for several.
    """
    if experiment is None:
        return _newest_and_predecessor()
    pipeline, _, namespace = experiment.replace(" · ", ".").partition(".")
    runs = _finished(pipeline, namespace)
    names = sorted({mlflow_experiment_name(run) for run in runs})
    if not runs or len(names) > 1:
        known = names or sorted({mlflow_experiment_name(run) for run in _finished()})
        listed = ", ".join(name.replace(" · ", ".") for name in known) or "no run yet"
        raise DatasetError(
            f"Expected an experiment with finished runs, one of: {listed}. Received: {experiment}"
        )
    return _pair(runs)


def _newest_and_predecessor() -> list[Any]:
    newest = next((run for run in _finished() if run.data.metrics), None)
    if newest is None:
        raise DatasetError("Expected two finished runs of an experiment. Received: no run yet")
    tags = newest.data.tags
    return _pair(_finished(tags[PIPELINE], tags.get(NAMESPACE, "")))


def _pair(runs: Sequence[Any]) -> list[Any]:
    if len(runs) < 2:
        (run,) = runs
        raise DatasetError(
            f"Expected two finished runs of {mlflow_experiment_name(run)}. Received: one, "
            f"{run.info.run_id}. Run it again, or name two runs: --params runs=ID1+ID2"
        )
    return [runs[1], runs[0]]


def _finished(pipeline: str = "", namespace: str = "") -> list[Any]:
    """Returns finished runs of experiments in the project's MLflow experiment, newest first."""
    import mlflow

    tags = {PIPELINE: pipeline, NAMESPACE: namespace}
    conditions = [f"tags.{name} = {value!r}" for name, value in tags.items() if value]
    conditions = conditions or [f"tags.{PIPELINE} != ''"]
    runs: list[Any] = mlflow.search_runs(
        filter_string=" and ".join(["attributes.status = 'FINISHED'", *conditions]),
        order_by=["attributes.start_time DESC"],
        max_results=RECENT,
        output_format="list",
    )
    return runs

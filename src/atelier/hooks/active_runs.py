"""MLflow's stack of active runs: runs begin below the one on top, and end with a reason."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

FINISHED, FAILED, KILLED = "FINISHED", "FAILED", "KILLED"
"""MLflow's statuses of a run that has ended."""
REASON = "atelier.reason"
"""The tag of a run that did not finish: why."""
MAX_REASON = 500
"""Longer reasons are cut: the log has the whole error."""
NO_LINKS = "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"
"""MLflow's variable against the two lines that it prints for each run that ends on a server."""


def active_runs() -> list[Any]:
    """Returns MLflow's own list of the active runs of this thread; the last one is on top.

    MLflow has no function that leaves a run open and returns to it without requests to the store.
    """
    from mlflow.tracking import fluent

    runs: list[Any] = fluent._active_run_stack.get()
    return runs


def active_run_id() -> str:
    """Returns the id of MLflow's active run; nothing where none is active."""
    import mlflow

    run = mlflow.active_run()
    return run.info.run_id if run else ""


def join_run(run_id: str) -> None:
    """Makes the run of another process the active one; that process ends it.

    Args:
        run_id: The run's id.
    """
    import mlflow

    active_runs().append(mlflow.ActiveRun(mlflow.MlflowClient().get_run(run_id)))


def start_below_active_run(name: str, tags: Mapping[str, str]) -> Any:
    """Starts a run below the active one, in its experiment, and returns it.

    Args:
        name: The run's name.
        tags: Set when the run starts.
    """
    import mlflow

    parent = mlflow.active_run()
    return start_run(
        experiment_id=parent.info.experiment_id if parent else None,
        run_name=name,
        nested=True,
        tags=tags,
    )


def start_run(*, tags: Mapping[str, str], **options: Any) -> Any:
    """Starts a run, which becomes the active one, and returns it.

    Args:
        tags: Set when the run starts; values are cut at MLflow's limit.
        **options: Those of ``mlflow.start_run``.
    """
    import mlflow

    with without_ipython():
        return mlflow.start_run(tags=short_tags(tags), **options)


def short_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Returns tags whose values are no longer than MLflow allows."""
    from mlflow.utils.validation import MAX_TAG_VAL_LENGTH

    return {name: value[:MAX_TAG_VAL_LENGTH] for name, value in tags.items()}


def end_active_run(status: str, reason: str = "") -> None:
    """Ends the run on top of the stack.

    Args:
        status: ``FINISHED``, ``FAILED`` or ``KILLED``.
        reason: Why it did not finish; becomes the tag :data:`REASON`.
    """
    import mlflow

    if reason and status != FINISHED:
        mlflow.set_tag(REASON, reason[:MAX_REASON])
    mlflow.end_run(status)


def remove_active_run(run_id: str) -> None:
    """Takes a run from the stack and leaves it open; runs above it, which a node left, are ended.

    Args:
        run_id: The run's id; nothing happens where it is not on the stack.
    """
    runs = active_runs()
    if run_id not in [run.info.run_id for run in runs]:
        return
    while runs[-1].info.run_id != run_id:
        end_active_run(FINISHED)
    runs.pop()


@contextmanager
def without_ipython() -> Iterator[None]:
    """Keeps MLflow from importing IPython when a run starts, only to ask whether it is a notebook.

    A notebook has imported IPython itself, and then nothing changes.
    """
    if "IPython" in sys.modules:
        yield
        return
    sys.modules["IPython"] = None  # type: ignore[assignment]  # an import now fails
    try:
        yield
    finally:
        del sys.modules["IPython"]


@contextmanager
def without_links() -> Iterator[None]:
    """Keeps MLflow from printing the addresses of a run that ends: a session ends dozens."""
    before = os.environ.get(NO_LINKS)
    os.environ[NO_LINKS] = before or "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ[NO_LINKS]

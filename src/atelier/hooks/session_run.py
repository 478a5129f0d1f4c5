"""The MLflow run of a session, which begins and ends with the session."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Mapping


class SessionRun:
    """One run on MLflow's stack of active runs, above a run that the user may have opened.

    Args:
        before_end: Gets id and status of the run when it is about to end.
    """

    def __init__(self, before_end: Callable[[str, str], None] | None = None) -> None:
        self._before_end = before_end
        self._run_id: str | None = None
        self._outer: str | None = None

    def begin(
        self, *, run_id: str | None, experiment_name: str, name: str, tags: Mapping[str, str]
    ) -> None:
        """Starts the run, below the user's run where there is one.

        Args:
            run_id: The id of a run to continue; None starts a new run.
            experiment_name: The experiment of the run, and of the user's run.
            name: The run's name.
            tags: Set when the run starts, so that a killed run can be recognised.
        """
        import mlflow
        from mlflow.utils.validation import MAX_TAG_VAL_LENGTH

        outer = mlflow.active_run()
        self._outer = outer.info.run_id if outer else None
        run = mlflow.start_run(
            run_id=None if outer else run_id,
            experiment_id=mlflow.get_experiment_by_name(experiment_name).experiment_id,
            run_name=name,
            nested=outer is not None,
            tags={key: value[:MAX_TAG_VAL_LENGTH] for key, value in tags.items()},
        )
        self._run_id = run.info.run_id
        atexit.register(self._end_at_exit, os.getpid())

    def end(self, status: str) -> None:
        """Ends the run and all runs above it; the user's run stays open.

        Args:
            status: ``FINISHED``, ``FAILED`` or ``KILLED``.
        """
        import mlflow

        if self._run_id is None:
            return
        if self._before_end:
            self._before_end(self._run_id, status)
        while (run := mlflow.active_run()) is not None and run.info.run_id != self._outer:
            mlflow.end_run(status)
        self._run_id = None
        atexit.unregister(self._end_at_exit)

    def end_interrupted(self) -> None:
        """Ends the run of a session that was interrupted: Ctrl-C reaches no hook of Kedro.

        MLflow's own handler at exit would call the run finished.
        """
        import mlflow

        run = mlflow.active_run()
        if run is not None and run.info.run_id == self._run_id:
            self.end("KILLED")

    def _end_at_exit(self, process: int) -> None:
        if os.getpid() == process:
            self.end_interrupted()

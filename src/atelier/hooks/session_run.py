"""The MLflow run of a session, which begins and ends with the session."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Mapping, Sequence

from atelier.hooks.active_runs import (
    KILLED,
    end_active_run,
    join_run,
    remove_active_run,
    start_run,
)
from atelier.hooks.experiment_runs import ExperimentRuns
from atelier.hooks.termination import exit_on_sigterm, restore_sigterm

INTERRUPTED = "interrupted"
"""The reason of runs that Ctrl-C or SIGTERM has ended."""
NODES_RUN, NODES_UNCHANGED = "nodes_run", "nodes_unchanged"
"""Tags of a command's run: how many nodes had changed, and how many were left out."""
REASONS = "reasons.json"
"""The table of why each node ran."""


class SessionRun:
    """One run on MLflow's stack of active runs, above a run that the user may have opened.

    Args:
        experiments: The runs below it, which end before it.
        before_end: Gets id and status of the run when it is about to end.
    """

    def __init__(
        self,
        experiments: ExperimentRuns | None = None,
        before_end: Callable[[str, str], None] | None = None,
    ) -> None:
        self._experiments = experiments or ExperimentRuns()
        self._before_end = before_end
        self._run_id: str | None = None
        self._outer: str | None = None
        self._is_joined = False
        self._reason = INTERRUPTED

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

        outer = mlflow.active_run()
        self._outer = outer.info.run_id if outer else None
        run = start_run(
            run_id=None if outer else run_id,
            experiment_id=mlflow.get_experiment_by_name(experiment_name).experiment_id,
            run_name=name,
            nested=outer is not None,
            tags=tags,
        )
        self._run_id, self._reason = run.info.run_id, INTERRUPTED
        os.environ.pop("MLFLOW_RUN_ID", None)  # or the runs below would continue that run too
        atexit.register(self._end_at_exit, os.getpid())
        exit_on_sigterm()

    def join(self, run_id: str) -> None:
        """Continues the run of another process, which ends it; experiments begin below it.

        Args:
            run_id: The id of that run.
        """
        join_run(run_id)
        self._run_id, self._is_joined = run_id, True
        atexit.register(self._end_at_exit, os.getpid())

    def note_reason(self, reason: str) -> None:
        """Notes why the session is interrupted.

        Args:
            reason: Becomes that of the runs which are open at the end of the process.
        """
        self._reason = reason

    def log_reasons(self, reasons: Sequence[tuple[str, str]], unchanged: int) -> None:
        """Stores with the run how many nodes were unchanged, and why each other node ran.

        Args:
            reasons: The nodes' names with one reason each.
            unchanged: The number of nodes that were left out.
        """
        import mlflow

        if self._run_id is None or self._is_joined or not (reasons or unchanged):
            return
        client = mlflow.MlflowClient()
        client.set_tag(self._run_id, NODES_UNCHANGED, unchanged)
        client.set_tag(self._run_id, NODES_RUN, len({node for node, _ in reasons}))
        if not reasons:
            return
        nodes, sentences = zip(*reasons, strict=True)
        table = {"node": list(nodes), "reason": list(sentences)}
        client.log_table(self._run_id, table, REASONS)

    def end(self, status: str, reason: str = "") -> None:
        """Ends the runs of the experiments, the run and all runs above it; the user's stays open.

        Args:
            status: ``FINISHED``, ``FAILED`` or ``KILLED``.
            reason: Why the session did not finish.
        """
        if self._run_id is None:
            return
        self._experiments.end_all(status, reason)
        if self._is_joined:
            remove_active_run(self._run_id)
        else:
            self._end_own(self._run_id, status, reason)
        self._run_id = None
        atexit.unregister(self._end_at_exit)
        restore_sigterm()

    def _end_own(self, run_id: str, status: str, reason: str) -> None:
        import mlflow

        if self._before_end:
            self._before_end(run_id, status)
        while (run := mlflow.active_run()) is not None and run.info.run_id != self._outer:
            end_active_run(status, reason)

    def end_interrupted(self) -> None:
        """Ends the runs of a session that was interrupted: Ctrl-C reaches no hook of Kedro.

        MLflow's own handler at exit would call the active run finished.
        """
        import mlflow

        run = mlflow.active_run()
        own = {self._run_id, *self._experiments.ids.values()}
        if run is not None and run.info.run_id in own:
            self.end(KILLED, self._reason)

    def _end_at_exit(self, process: int) -> None:
        if os.getpid() == process:
            self.end_interrupted()

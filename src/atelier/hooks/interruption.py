"""MLflow runs whose process was killed are closed by the next run, or by the one that it helped."""

from __future__ import annotations

import logging

from kedro.framework.hooks import hook_impl

from atelier.hooks.active_runs import KILLED, REASON, without_links
from atelier.hooks.descriptions import COMMAND, NOTE, killed_note
from atelier.storage.processes import PROCESS, is_dead, this_process

logger = logging.getLogger(__name__)

PROCESS_ENDED = "its process ended before it, killed or with its machine"
"""The reason of runs that the next run closes."""


class KilledRunHooks:
    """Sets the status of runs to killed whose process has ended without closing them."""

    @hook_impl(trylast=True)
    def before_pipeline_run(self) -> None:
        """Closes the open runs of ended processes of this host."""
        close_runs_of_dead_processes()

    @hook_impl(trylast=True)
    def on_helper_error(self) -> None:
        """Closes the runs of a second process that was killed."""
        close_runs_of_dead_processes()


def close_runs_of_dead_processes() -> None:
    """Sets the status of open runs to killed whose process, of this host, has ended.

    Where this process has no active run, nothing is tracked, and no store is looked at.
    """
    import mlflow

    if mlflow.active_run() is None:
        return
    client = mlflow.MlflowClient()
    experiments = [item.experiment_id for item in client.search_experiments()]
    for run in client.search_runs(experiments, "status = 'RUNNING'"):
        if is_dead(run.data.tags.get(PROCESS, this_process())):
            client.set_tag(run.info.run_id, REASON, PROCESS_ENDED)
            if NOTE not in run.data.tags:
                note = killed_note(run.data.tags.get(COMMAND, ""), PROCESS_ENDED)
                client.set_tag(run.info.run_id, NOTE, note)
            with without_links():
                client.set_terminated(run.info.run_id, KILLED)
            logger.warning("run %s was killed: marked so", run.info.run_id)

"""No run stays open whose process was killed."""

from __future__ import annotations

import logging

from kedro.framework.hooks import hook_impl

from atelier.storage.processes import PROCESS, is_dead, this_process

logger = logging.getLogger(__name__)


class KilledRunHooks:
    """Closes runs whose process was killed."""

    @hook_impl(trylast=True)
    def before_pipeline_run(self) -> None:
        """Marks as killed what dead processes of this host left open."""
        import mlflow

        if mlflow.active_run() is None:
            return
        client = mlflow.MlflowClient()
        experiments = [one.experiment_id for one in client.search_experiments()]
        for run in client.search_runs(experiments, "status = 'RUNNING'"):
            if is_dead(run.data.tags.get(PROCESS, this_process())):
                client.set_terminated(run.info.run_id, "KILLED")
                logger.warning("run %s was killed: marked so", run.info.run_id)

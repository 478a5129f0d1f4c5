"""MLflow runs whose process was killed are closed by the next run."""

from __future__ import annotations

import logging

from kedro.framework.hooks import hook_impl

from atelier.storage.processes import PROCESS, is_dead, this_process

logger = logging.getLogger(__name__)


class KilledRunHooks:
    """Sets the status of runs to killed whose process has ended without closing them."""

    @hook_impl(trylast=True)
    def before_pipeline_run(self) -> None:
        """Closes the open runs of ended processes of this host."""
        import mlflow

        if mlflow.active_run() is None:
            return
        client = mlflow.MlflowClient()
        experiments = [item.experiment_id for item in client.search_experiments()]
        for run in client.search_runs(experiments, "status = 'RUNNING'"):
            if is_dead(run.data.tags.get(PROCESS, this_process())):
                client.set_terminated(run.info.run_id, "KILLED")
                logger.warning("run %s was killed: marked so", run.info.run_id)

"""No run stays open: interrupted and killed ones are closed."""

from __future__ import annotations

import atexit
import logging
import os
import socket

import psutil
from kedro.framework.hooks import hook_impl

logger = logging.getLogger(__name__)

PROCESS = "atelier.process"
"""The tag that tells whose run it is: host, process number and the process's time of birth."""


def this_process() -> str:
    """Host, number and time of birth of this process: unlike a number alone, never used again."""
    process = psutil.Process()
    return f"{socket.gethostname()}/{process.pid}/{process.create_time():.2f}"


def is_dead(process: str) -> bool:
    """Whether a process of this host has ended; False for other hosts, of which we know nothing."""
    host, number, born = process.split("/")
    if host != socket.gethostname():
        return False
    try:
        return f"{psutil.Process(int(number)).create_time():.2f}" != born
    except psutil.NoSuchProcess:
        return True


class RunHooks:
    """Marks whose run it is, and closes runs whose process was interrupted or killed."""

    @hook_impl(trylast=True)
    def before_pipeline_run(self) -> None:
        """Close what dead processes left open, then sign this run."""
        import mlflow

        run = mlflow.active_run()
        if run is None:
            return
        client = mlflow.MlflowClient()
        experiments = [one.experiment_id for one in client.search_experiments()]
        for left in client.search_runs(experiments, "status = 'RUNNING'"):
            if is_dead(left.data.tags.get(PROCESS, this_process())):
                client.set_terminated(left.info.run_id, "KILLED")
                logger.warning("run %s was killed: marked so", left.info.run_id)
        mlflow.set_tag(PROCESS, this_process())
        atexit.register(_close_as_killed, run.info.run_id, os.getpid())

    @hook_impl
    def after_pipeline_run(self) -> None:
        """The run has ended by itself: nothing is left to close."""
        atexit.unregister(_close_as_killed)


def _close_as_killed(run_id: str, process: int) -> None:
    """End a run that is still open when its process ends: Ctrl-C reaches no hook of Kedro.

    MLflow's own handler, which comes next, would call every run that is still on its stack
    finished; and one run can stand there more than once.
    """
    import mlflow

    while (run := mlflow.active_run()) and os.getpid() == process:
        mlflow.end_run("KILLED" if run.info.run_id == run_id else "FINISHED")

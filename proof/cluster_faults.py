"""Faults of the environment `cluster`: its database, a Dask worker or the scheduler is killed."""

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
from disturbed_project import DisturbedProject, Judgement, NotPossibleError, is_refusal
from support.cluster import (
    DaskCluster,
    dask_cluster,
    mlflow_server,
    postgres,
    postgres_programs,
    use_test_parameters,
)

OF_IMAGES = ("train", "gradients", "dropout", "maxout", "sweep", "thresholding")
"""Pipelines that need images alone."""
DOWN = 10.0
"""Seconds for which the database is gone, at most."""
MEMBERS = ("08_reporting", "cluster", "sweep", "members_table.parquet")


class ClusterProject(DisturbedProject):
    """A copy of the project in which single pipelines run in the environment `cluster`.

    Args:
        folder: Of the copy.
        finished: A project whose images are taken.
    """

    env = "cluster"

    def __init__(self, folder: Path, finished: DisturbedProject) -> None:
        super().__init__(folder)
        self.database: str | None = None
        self.variables = {"MLFLOW_TRACKING_URI": self.store}
        use_test_parameters(self)
        shutil.copytree(finished.path("03_primary", "test"), self.path("03_primary", "cluster"))

    @property
    def environment(self) -> dict[str, str]:
        """The variables of its processes."""
        return dict(super().environment) | self.variables

    def _run_before(self, pipelines: Sequence[str]) -> None:
        """Runs the pipelines, which need images alone."""
        for pipeline in pipelines:
            self.run("--pipeline", pipeline)

    def contents(self) -> dict[str, str]:
        """Returns the digests of what runs wrote, without the folder of MLflow's server."""
        return {
            name: digest
            for name, digest in super().contents().items()
            if not name.startswith("runs/")
        }

    def _stored(self, query: str) -> list[str]:
        if self.database is None:
            return super()._stored(query)
        with psycopg.connect(self.database.replace("+psycopg", "")) as connection:
            return [str(row[0]) for row in connection.execute(query.encode()).fetchall()]


@contextmanager
def cluster_project(finished: DisturbedProject) -> Iterator[ClusterProject]:
    """Makes a project for the environment `cluster`.

    Yields:
        The project, until the end.
    """
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        project.mkdir()
        yield ClusterProject(project, finished)


def kill_the_database(finished: DisturbedProject, pipeline: str, rng: random.Random) -> Judgement:
    """Kills PostgreSQL below MLflow's server at a random moment, and starts it again.

    Args:
        finished: A project in which everything ran.
        pipeline: One that needs images alone; of others, `thresholding` takes the turn.
        rng: Decides the moment.

    Returns:
        The judgement.

    Raises:
        NotPossibleError: If PostgreSQL is not installed.
    """
    programs = postgres_programs()
    if programs is None:
        raise NotPossibleError("PostgreSQL is not installed")
    pipeline = pipeline if pipeline in OF_IMAGES else "thresholding"
    with cluster_project(finished) as project, postgres(programs) as database:
        project.database = database.address
        with ExitStack() as servers:
            store = servers.enter_context(mlflow_server(project, database.address))
            project.variables["MLFLOW_TRACKING_URI"] = store
            if pipeline == "sweep":  # which trains on a cluster in this environment
                cluster = servers.enter_context(dask_cluster(project))
                project.variables["DASK_SCHEDULER_ADDRESS"] = cluster.address
            project.prepare([pipeline])
            process = project.start(*project.command(pipeline))
            time.sleep(rng.uniform(0, project.seconds[pipeline]))
            database.kill()
            time.sleep(rng.uniform(0, DOWN))
            database.start()
            return judge(project, pipeline, process)


def kill_a_worker(cluster: DaskCluster, rng: random.Random) -> None:
    """Kills one of the workers."""
    rng.choice(cluster.workers).kill()


def kill_the_scheduler(cluster: DaskCluster, rng: random.Random) -> None:
    """Kills the scheduler; its workers end with it."""
    del rng
    cluster.scheduler.kill()


def disturb_dask(
    kill: Callable[[DaskCluster, random.Random], None],
    finished: DisturbedProject,
    rng: random.Random,
) -> Judgement:
    """Disturbs the sweep's cluster at a random moment; a new cluster goes on."""
    with cluster_project(finished) as project, dask_cluster(project) as cluster:
        project.variables["DASK_SCHEDULER_ADDRESS"] = cluster.address
        project.prepare(["sweep"])
        expected = members(project)
        process = project.start(*project.command("sweep"))
        time.sleep(rng.uniform(0, project.seconds["sweep"]))
        kill(cluster, rng)
        process.wait()
        cluster.restart()
        refused, wrong = judge(project, "sweep", process)
        return refused, wrong or ("" if members(project).equals(expected) else "other members")


def kill_dask(finished: DisturbedProject, pipeline: str, rng: random.Random) -> Judgement:
    """Kills a worker, which a run must not notice, or the scheduler."""
    del pipeline
    kill = rng.choice((kill_a_worker, kill_the_scheduler))
    refused, wrong = disturb_dask(kill, finished, rng)
    if refused and kill is kill_a_worker:
        wrong = wrong or "the command ended with the worker"
    return refused, wrong and f"{kill.__name__}: {wrong}"


def members(project: ClusterProject) -> pd.DataFrame:
    """Returns the sweep's table without times."""
    return pd.read_parquet(project.path(*MEMBERS)).filter(regex="^(?!.*seconds)")


def judge(project: ClusterProject, pipeline: str, process: Any) -> Judgement:
    """Waits for a command that was disturbed, and judges it and the same command after it."""
    output, _ = process.communicate()
    if process.returncode and not is_refusal(output):
        return False, output[-300:]
    return bool(process.returncode), project.complaint(pipeline)

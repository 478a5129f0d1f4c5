"""More than one machine: MLflow over HTTP on a real PostgreSQL, many writers, a Dask cluster."""

import collections
import copy
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlflow
import pandas as pd
import psycopg
import pytest
from support.cluster import (
    dask_cluster,
    mlflow_server,
    postgres,
    postgres_programs,
    use_test_parameters,
)
from support.patience import PATIENCE, wait_until
from support.project import Project
from support.servers import free_port
from support.stores import tracking_at

from atelier.datasets.tracked import ProvenanceDataset

WRITERS, RUNS, METRICS = (int(n) for n in os.environ.get("ATELIER_STORM", "4,4,40").split(","))
STORM = """
import sys, mlflow
uri, writer, runs, metrics = sys.argv[1], *map(int, sys.argv[2:])
mlflow.set_tracking_uri(uri)
mlflow.set_experiment("storm")
for run in range(runs):
    with mlflow.start_run(run_name=f"{writer}/{run}"):
        for step in range(metrics):
            mlflow.log_metric("value", writer * 1e6 + run * 1e3 + step, step=step)
        mlflow.log_text(f"{writer}/{run}", "who.txt")
"""


class Site(Project):
    """A project whose environment `cluster` is made tiny, and what its variables say."""

    def __init__(self, folder: Path, finished: Project, **variables: str) -> None:
        super().__init__(folder)
        self.variables = variables
        use_test_parameters(self)
        shutil.copytree(finished.path("03_primary", "test"), self.path("03_primary", "cluster"))

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | self.variables


@pytest.fixture(scope="module")
def database():
    programs = postgres_programs()
    if programs is None:
        if os.environ.get("ATELIER_POSTGRES_REQUIRED"):
            pytest.fail("needs PostgreSQL, such as by: apt-get install postgresql")
        pytest.skip("needs PostgreSQL, such as by: apt-get install postgresql")
    with postgres(programs) as running:
        yield running.address


@pytest.fixture(scope="module")
def site(tmp_path_factory, finished, database):
    one = Site(tmp_path_factory.mktemp("site"), finished)
    with mlflow_server(one, database) as address:
        one.variables["MLFLOW_TRACKING_URI"] = one.store = address
        yield one


def runs_of(site):
    """The runs of the project's own experiment; none before the first."""
    client = site.client()
    experiment = client.get_experiment_by_name("atelier")
    return client.search_runs([experiment.experiment_id]) if experiment else []


def measured(run) -> dict[str, float]:
    """A run's metrics, but what was timed."""
    return {name: value for name, value in run.data.metrics.items() if "second" not in name}


def test_runs_at_once_from_many_processes_all_arrive_whole(site, finished):
    earlier = {run.info.run_id for run in runs_of(site)}
    names = [name for name in ("thresholding", "gradients") for _ in range(2)]
    run = ("run", "--env", "cluster", "--params", "force=true", "--pipeline")
    running = [site.start(*run, name) for name in names]
    told = [one.communicate(timeout=PATIENCE)[0] for one in running]
    failed = [log[-3000:] for one, log in zip(running, told, strict=True) if one.returncode]
    assert not failed, "\n".join(failed)
    runs = [run for run in runs_of(site) if run.info.run_id not in earlier]
    assert {run.info.status for run in runs} == {"FINISHED"}
    commands = {run.info.run_id: run for run in runs if "namespace" not in run.data.tags}
    assert sorted(run.info.run_name for run in commands.values()) == sorted(names)
    children = [run for run in runs if run.info.run_id not in commands]
    assert len(children) == 2 * 3  # of two namespaces, and of one
    for run in children:
        tags = run.data.tags
        assert commands[tags["mlflow.parentRunId"]].info.run_name == tags["pipeline"]
        *_later, alone = finished.experiments(tags["pipeline"], tags["namespace"])
        assert measured(run) == measured(alone) != {}
        kept = site.path("runs", run.info.experiment_id, run.info.run_id, "artifacts")
        assert list(kept.rglob("*.png"))


def test_two_runs_at_the_same_moment_may_name_the_same_data_set(site, database, tmp_path):
    """Another run's row is there, but not committed, when ours is inserted: the database refuses
    ours as soon as that other commits.
    """
    experiment = site.client().create_experiment("twins")
    row = ("of another", int(experiment), "cells.twins", "d" * 36, "code", "{}")
    with (
        tracking_at(site.store),
        psycopg.connect(database.replace("+psycopg", "")) as other,
        ThreadPoolExecutor(1) as threads,
        mlflow.start_run(experiment_id=experiment) as run,
    ):
        other.execute(
            "insert into datasets (dataset_uuid, experiment_id, name, digest, "
            "dataset_source_type, dataset_source) values (%s, %s, %s, %s, %s, %s)",
            row,
        )
        committed = threads.submit(commit_when_waited_for, other)
        record = ProvenanceDataset(filepath=str(tmp_path / "p.json"), prefix="cells")
        record.save({"name": "twins", "digest": "d" * 40})
        committed.result()
    (found,) = site.client().get_run(run.info.run_id).inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.digest) == ("cells.twins", "d" * 36)


def commit_when_waited_for(connection: psycopg.Connection) -> None:
    """Commit as soon as another connection waits for what this one has written."""
    asked = "select count(*) from pg_locks where not granted"
    wait_until(lambda: connection.execute(asked).fetchone() != (0,), every=0.02)
    connection.commit()


def test_many_writers_lose_no_run_and_no_metric(site, database):
    experiment = site.client().create_experiment("storm")
    numbers = [str(RUNS), str(METRICS)]
    writers = [
        site.start_python("-c", STORM, site.store, str(one), *numbers) for one in range(WRITERS)
    ]
    told = [one.communicate(timeout=PATIENCE)[0] for one in writers]
    assert [one.returncode for one in writers] == [0] * WRITERS, told
    client = site.client()
    runs = client.search_runs([experiment])
    assert collections.Counter(run.info.status for run in runs) == {"FINISHED": WRITERS * RUNS}
    for run in runs:
        writer, number = map(int, run.info.run_name.split("/"))
        history = client.get_metric_history(run.info.run_id, "value")
        first = writer * 1e6 + number * 1e3
        assert sorted((one.step, one.value - first) for one in history) == [
            (step, step) for step in range(METRICS)
        ]
        kept = site.path("runs", experiment, run.info.run_id, "artifacts", "who.txt")
        assert kept.read_text() == run.info.run_name
    with psycopg.connect(database.replace("+psycopg", "")) as connection:  # and past MLflow
        asked = "select count(*), count(distinct run_uuid) from metrics where value >= 0 and key = "
        counts = connection.execute(asked + "'value'").fetchone()
    assert counts == (WRITERS * RUNS * METRICS, WRITERS * RUNS)


def test_the_sweep_of_a_cluster_is_the_sweep_of_one_machine(site, finished):
    with dask_cluster(site) as cluster:
        site.kedro(
            *("run", "--env", "cluster", "--pipeline", "sweep"),
            *("--params", f"cluster={cluster.address}"),
        )
    table = ("sweep", "members_table.parquet")
    tables = [
        pd.read_parquet(one.path("08_reporting", env, *table))
        for one, env in ((site, "cluster"), (finished, "test"))
    ]
    pd.testing.assert_frame_equal(*(table.filter(regex="^(?!.*seconds)") for table in tables))


def test_a_server_with_passwords_lets_in_only_who_has_one(site, database, tmp_path):
    secret = "a-long-planted-password"
    config = tmp_path / "auth.ini"
    config.write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = {database.replace('%', '%%')}\n"
        f"admin_username = head\nadmin_password = {secret}\n"
    )
    guarded = copy.copy(site)
    guarded.variables = site.variables | {
        "MLFLOW_AUTH_CONFIG_PATH": str(config),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "x" * 32,
        "MLFLOW_TRACKING_USERNAME": "head",
    }
    before = {run.info.run_id for run in runs_of(site)}
    run = ("run", "--env", "cluster", "--pipeline", "gradients", "--params", "force=true")
    with mlflow_server(guarded, database, "--app-name", "basic-auth") as address:
        guarded.variables["MLFLOW_TRACKING_URI"] = address
        guarded.variables["MLFLOW_TRACKING_PASSWORD"] = "a wrong one"
        assert "401" in guarded.kedro(*run, ok=False)
        guarded.variables["MLFLOW_TRACKING_PASSWORD"] = secret
        told = guarded.kedro(*run)
    made = [run for run in runs_of(site) if run.info.run_id not in before]
    assert {run.info.run_name for run in made} == {"gradients"}
    assert [run.info.status for run in made] == ["FINISHED"] * 2  # the command's, the experiment's
    assert secret not in told + str([(run.data.tags, run.data.params) for run in made])


def test_a_server_that_is_not_there_is_said_at_once(site):
    address = f"http://127.0.0.1:{free_port()}"
    line = ("-m", "kedro", "run", "--env", "cluster", "--pipeline", "gradients")
    told = site.python(*line, ok=False, MLFLOW_TRACKING_URI=address)
    assert f"Expected an MLflow server at {address}" in told

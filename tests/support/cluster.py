"""What the environment `cluster` needs: a PostgreSQL, MLflow's server on it, a Dask cluster."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from support.project import ROOT
from support.servers import free_port, serve

OWN = ("globals.yml", "mlflow.yml", "sweep/parameters_cluster.yml")
"""Files of `conf/cluster` that stay; the others are those of `conf/test`."""
USER = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to be run by root


def use_test_parameters(project) -> None:
    """Makes the environment `cluster` of a project tiny."""
    conf = project.folder / "conf"
    shutil.rmtree(conf / "cluster")
    shutil.copytree(conf / "test", conf / "cluster")
    for name in OWN:
        shutil.copy(ROOT / "conf" / "cluster" / name, conf / "cluster" / name)


def postgres_programs() -> Path | None:
    """The folder of PostgreSQL's programs; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    programs = found[-1] if found else Path(shutil.which("pg_ctl") or "").parent
    return programs if (programs / "initdb").exists() else None


class Postgres:
    """A PostgreSQL of its own, which asks for a password.

    Attributes:
        address: As SQLAlchemy names it.
    """

    def __init__(self, programs: Path) -> None:
        # Not below pytest's folder, which its user may not enter.
        self._programs, self._folder = programs, Path(tempfile.mkdtemp())
        self._port, secret = free_port(), self._folder / "secret"
        self.address = (
            f"postgresql+psycopg://lab:a%20planted%20password@127.0.0.1:{self._port}/postgres"
        )
        secret.write_text("a planted password")
        if USER:
            shutil.chown(self._folder, USER)
            shutil.chown(secret, USER)
        login = ("--username=lab", f"--pwfile={secret}", "--auth=scram-sha-256")
        self._command("initdb", *login, "--no-sync")

    def _command(self, name: str, *arguments: str) -> None:
        line = [self._programs / name, "--pgdata", self._folder / "base", *arguments]
        subprocess.run(line, user=USER, cwd=self._folder, check=True, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        where = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = f"--log={self._folder / 'log'}"
        self._command("pg_ctl", "start", "--wait", log, f"--options={where}")

    def kill(self) -> None:
        """Sends SIGKILL to all its processes."""
        number = int((self._folder / "base" / "postmaster.pid").read_text().split()[0])
        first = psutil.Process(number)
        processes = [first, *first.children()]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes)

    def remove(self) -> None:
        self._command("pg_ctl", "stop", "--mode=immediate")
        shutil.rmtree(self._folder)


@contextmanager
def postgres(programs: Path):
    """A PostgreSQL that runs until the end."""
    database = Postgres(programs)
    database.start()
    try:
        yield database
    finally:
        database.remove()


@contextmanager
def mlflow_server(project, database: str, *arguments: str):
    """MLflow's server on that database, with the artifacts in a folder; gives its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    stores = ("--backend-store-uri", database, "--artifacts-destination", str(project.path("runs")))
    where = ("--host", "127.0.0.1", "--port", str(port), "--workers", "2")
    command = ("mlflow", "server", *stores, *where, *arguments)
    with contextmanager(serve)(project, *command, health=f"{address}/health"):
        yield address


class DaskCluster:
    """A scheduler and its workers, each a process of its own.

    Attributes:
        address: Of the scheduler.
    """

    def __init__(self, project, workers: int = 2) -> None:
        self._project, self._port = project, free_port()
        self.address = f"tcp://127.0.0.1:{self._port}"
        self._processes: list[subprocess.Popen] = []
        self._count = workers
        self._start_all()

    def _start_all(self) -> None:
        where = ("--host", "127.0.0.1", "--port", str(self._port), "--no-dashboard")
        slot = ("--nthreads", "1", "--resources", "sweep=1", "--no-dashboard")
        self.scheduler = self._start("scheduler", *where)
        self.workers = [self._start("worker", self.address, *slot) for _ in range(self._count)]

    def _start(self, *arguments: str) -> subprocess.Popen:
        line = [sys.executable, "-m", "dask", *arguments]
        options = {"env": self._project.environment, "cwd": self._project.folder}
        process = subprocess.Popen(line, stderr=subprocess.DEVNULL, **options)
        self._processes.append(process)
        return process

    def restart(self) -> None:
        """A new scheduler and new workers, at the same address."""
        self.stop()
        self._start_all()

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
        self._processes.clear()


@contextmanager
def dask_cluster(project, workers: int = 2):
    """A Dask cluster until the end."""
    cluster = DaskCluster(project, workers)
    try:
        yield cluster
    finally:
        cluster.stop()

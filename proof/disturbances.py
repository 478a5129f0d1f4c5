"""The faults: each disturbs a project once, lets the command run again and judges the result."""

import contextlib
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cluster_faults import kill_dask, kill_the_database
from disturbed_project import DisturbedProject, Judgement, NotPossibleError, is_refusal

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSTOP)
MODELS = 3
"""Models that a default run registers; one whose file was damaged is registered again."""
NOT_READ = {"study.json"}
"""Files for people, which no run reads: each run that needs their folder writes them anew."""
LOCKED = 20.0
"""Seconds for which the store is locked."""
AT_ONCE = (2, 4)
"""Equal commands at the same time."""
Disturbance = Callable[[DisturbedProject, str, random.Random], Judgement]


def kill(project: DisturbedProject, pipeline: str, rng: random.Random) -> Judgement:
    """Sends a signal at a random moment; a stopped process is killed a while later."""
    process = project.start(*project.command(pipeline))
    reader = threading.Thread(target=process.communicate)  # or its output would stop it
    reader.start()
    number = rng.choice(SIGNALS)
    time.sleep(rng.uniform(0, project.seconds[pipeline]))
    process.send_signal(number)
    if number == signal.SIGSTOP:
        time.sleep(rng.uniform(0, 1))
        process.send_signal(signal.SIGKILL)
    reader.join()
    wrong = project.complaint(pipeline)
    return False, wrong and f"after {number.name}: {wrong}"


def run_at_once(project: DisturbedProject, pipeline: str, rng: random.Random) -> Judgement:
    """Starts equal commands at the same moment."""
    processes = [project.start(*project.command(pipeline)) for _ in range(rng.choice(AT_ONCE))]
    outputs = [process.communicate()[0] for process in processes]
    failed = [text for text, p in zip(outputs, processes, strict=True) if p.returncode]
    wrong = [text for text in failed if not is_refusal(text)]
    if wrong:
        return False, f"of {len(processes)} commands: {wrong[0][-300:]}"
    return bool(failed), project.complaint(pipeline, len(processes))


def damage_a_file(project: DisturbedProject, pipeline: str, rng: random.Random) -> Judgement:
    """Cuts off or changes a file that a run wrote; the next command makes it anew or names it."""
    del pipeline
    names = sorted(
        name
        for name in project.expected
        if name not in project.noisy and Path(name).name not in NOT_READ
    )
    kinds = sorted({Path(name).suffix for name in names})
    kind = rng.choice(kinds)
    name = rng.choice([name for name in names if Path(name).suffix == kind])
    path = project.folder / "data" / name
    content = bytearray(path.read_bytes())
    if rng.random() < 0.5 or not content:
        path.write_bytes(content[: rng.randrange(max(len(content), 1))])
    else:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
    process = project.start("run", "--env", "test")
    output, _ = process.communicate()
    if process.returncode:
        refused = is_refusal(output) and path.name in output
        project.restore()
        return refused, "" if refused else f"{name}: {output[-300:]}"
    wrong = project.difference(versions=MODELS)
    return False, wrong and f"{name}: {wrong}"


def lock_the_store(project: DisturbedProject, pipeline: str, rng: random.Random) -> Judgement:
    """Another process locks MLflow's database for a while."""
    connection = sqlite3.connect(project.folder / "mlflow.db", isolation_level=None)
    process = project.start(*project.command(pipeline))
    time.sleep(rng.uniform(0, project.seconds[pipeline]))
    with contextlib.closing(connection):
        connection.execute("PRAGMA busy_timeout = 60000")
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(LOCKED)
        connection.execute("ROLLBACK")
    output, _ = process.communicate()
    if process.returncode:
        return False, output[-300:]
    return False, project.complaint(pipeline)


def lose_the_store(project: DisturbedProject, pipeline: str, rng: random.Random) -> Judgement:
    """MLflow's database has bytes of something else; where it is back, the command works."""
    store = project.folder / "mlflow.db"
    kept = store.rename(project.folder / "kept.db")
    store.write_bytes(rng.randbytes(4096) + kept.read_bytes()[4096:])
    process = project.start(*project.command(pipeline))
    output, _ = process.communicate()
    kept.replace(store)
    if not process.returncode or not is_refusal(output):
        return False, f"a damaged store: exit code {process.returncode}, {output[-300:]}"
    return True, project.complaint(pipeline)


def fill_the_disk(project: DisturbedProject, pipeline: str, rng: random.Random) -> Judgement:
    """The file system has room for a part of the outputs only; then it has room again."""
    with small_disk(project) as disk:
        room = shutil.disk_usage(disk).free
        filler = disk / "filler"
        filler.write_bytes(bytes(max(room - rng.randrange(2**20), 0)))
        process = project.start(*project.command(pipeline))
        output, _ = process.communicate()
        filler.unlink()
        if process.returncode and not is_refusal(output):
            return False, output[-300:]
        return bool(process.returncode), project.complaint(pipeline)


def forbid_writing(project: DisturbedProject, pipeline: str, rng: random.Random) -> Judgement:
    """The file system can only be read; then it can be written again."""
    del rng
    with small_disk(project) as disk:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        process = project.start(*project.command(pipeline))
        output, _ = process.communicate()
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        if not process.returncode or not is_refusal(output):
            return False, f"exit code {process.returncode}: {output[-300:]}"
        return True, project.complaint(pipeline)


@contextlib.contextmanager
def small_disk(project: DisturbedProject) -> Iterator[Path]:
    """Moves the project onto a file system in memory with little room, and back.

    Yields:
        The folder of the project.

    Raises:
        NotPossibleError: If this process may not mount one.
    """
    used = sum(path.stat().st_size for path in project.folder.rglob("*") if path.is_file())
    aside = project.folder.with_name("aside")
    project.folder.rename(aside)
    project.folder.mkdir()
    options = f"size={used + 2**26}"
    try:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", project.folder]
        mounted = subprocess.run(command, check=False, capture_output=True, text=True)
        if mounted.returncode:
            raise NotPossibleError(mounted.stderr.strip())
        try:
            shutil.copytree(aside, project.folder, symlinks=True, dirs_exist_ok=True)
            yield project.folder
        finally:
            subprocess.run(["umount", "-l", project.folder], check=True)
    finally:
        project.folder.rmdir()
        aside.rename(project.folder)


DISTURBANCES: dict[str, Disturbance] = {
    "kill": kill,
    "commands at once": run_at_once,
    "damaged file": damage_a_file,
    "locked store": lock_the_store,
    "damaged store": lose_the_store,
    "full disk": fill_the_disk,
    "read-only": forbid_writing,
    "database": kill_the_database,
    "dask": kill_dask,
}
"""Every fault by name."""

"""A copy of the project that is disturbed, and what an undisturbed run leaves in it."""

import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from file_content import content_digest

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.project import Project

PIPELINES = (
    *("ingest", "train", "calibration", "segmentation", "sweep", "thresholding", "clustering"),
    *("gradients", "dropout", "maxout", "style_transfer", "activation_maximization", "drift"),
    *("trainability", "report"),
)
"""Those that are disturbed, in turn."""
PICTURES = (".png", ".gif", ".jpg", ".webp")
NOTHING_TO_DO = "Nothing to do"
REFUSAL = re.compile(r"Expected .*Received|\[Errno \d+\].*/|disk is full")
LAST_LINES = 3
"""Lines in which a command that ends with an error says why."""
Judgement = tuple[bool, str]
"""Whether a command refused in words, and what went wrong."""


class NotPossibleError(Exception):
    """This machine does not allow the disturbance."""


def is_refusal(output: str) -> bool:
    """Returns whether the last lines say what was expected, or what the system refused."""
    return bool(REFUSAL.search("\n".join(output.strip().splitlines()[-LAST_LINES:])))


class DisturbedProject(Project):  # type: ignore[misc]  # tests have no types
    """A project in which everything ran, with the state that it must come back to.

    Attributes:
        noisy: Files that are compared by their names: pictures, and what two undisturbed runs write
            differently, apart from times (:func:`file_content.content_digest`).
        env: Kedro's environment.
    """

    env = "test"

    def prepare(self, pipelines: Sequence[str]) -> None:
        """Runs everything, keeps a copy, and learns what a forced run leaves."""
        self._run_before(pipelines)
        first = self.contents()
        self.seconds, self.growth = {}, {}
        for pipeline in pipelines:
            before = self.count_versions()
            self.seconds[pipeline] = self._run_forced(pipeline)
            self.growth[pipeline] = self.count_versions() - before
        self._run_before(pipelines)
        self.expected = self.contents()
        self.noisy = {
            name
            for name, digest in self.expected.items()
            if first.get(name) != digest or Path(name).suffix in PICTURES
        }
        self.versions = self.count_versions()
        self._kept = self.folder.with_name("kept")
        shutil.copytree(self.folder, self._kept, symlinks=True)

    def _run_before(self, pipelines: Sequence[str]) -> None:
        """Runs what these pipelines need, and the pipelines."""
        del pipelines
        self.run()
        self.run("--pipeline", "drift")

    def run(self, *arguments: str, ok: bool = True) -> str:
        """Runs `kedro run` in the environment; returns what it printed."""
        return str(self.kedro("run", "--env", self.env, *arguments, ok=ok))

    def command(self, pipeline: str) -> tuple[str, ...]:
        """Returns the command that is disturbed: every node of a pipeline runs."""
        return ("run", "--env", self.env, "--pipeline", pipeline, "--params", "force=true")

    def _run_forced(self, pipeline: str) -> float:
        began = time.monotonic()
        self.kedro(*self.command(pipeline))
        return time.monotonic() - began

    def restore(self) -> None:
        """Brings back the state of before all disturbances."""
        shutil.rmtree(self.folder)
        shutil.copytree(self._kept, self.folder, symlinks=True)
        self.versions = self.count_versions()

    def contents(self) -> dict[str, str]:
        """Returns what every file says that runs wrote, as digests by its path below ``data``."""
        root = self.folder / "data"
        files = [path for path in root.rglob("*") if path.is_file()]
        return {
            path.relative_to(root).as_posix(): content_digest(path)
            for path in files
            if not any(part.startswith(".") for part in path.relative_to(root).parts)
        }

    def count_versions(self) -> int:
        """Returns the number of versions of registered models."""
        return int(self._stored("select count(*) from model_versions")[0])

    def _stored(self, query: str) -> list[str]:
        """Returns the first column of a query to MLflow's database, by a connection of its own."""
        with closing(sqlite3.connect(self.folder / "mlflow.db")) as database:
            return [row[0] for row in database.execute(query)]

    def complaint(self, pipeline: str, commands: int = 1) -> str:
        """Runs the command undisturbed, and returns what is not as it must be; else nothing.

        Args:
            pipeline: The pipeline.
            commands: How many commands were disturbed; each may have registered its models.
        """
        process = self.start(*self.command(pipeline))
        output, _ = process.communicate()
        if process.returncode:
            return f"the command fails afterwards: {output[-300:]}"
        growth = (commands + 1) * self.growth[pipeline]
        return self.difference("--pipeline", pipeline, versions=growth)

    def difference(self, *again: str, versions: int = 0) -> str:
        """Returns in what the project differs from one that nobody disturbed; else nothing.

        Args:
            again: Of the further command, which must have nothing to do.
            versions: How many versions of models may be new.
        """
        after = self.contents()
        changed = {
            name
            for name in {*after, *self.expected}
            if after.get(name) != self.expected.get(name)
            and not (name in self.noisy and name in after)
        }
        partial = [path.name for path in self.folder.rglob(".part-*")]
        going_on = self._stored("select name from runs where status = 'RUNNING'")
        said = self.run(*again)
        before, self.versions = self.versions, self.count_versions()
        faults = {
            "other outputs": sorted(changed),
            "unfinished files": partial,
            "runs that seem to go on": going_on,
            "versions of models": ["doubled"] if self.versions > before + versions else [],
            "a further command": [] if NOTHING_TO_DO in said else [said[-200:]],
        }
        found = {name: ", ".join(words)[:300] for name, words in faults.items() if words}
        return "; ".join(f"{name}: {words}" for name, words in found.items())

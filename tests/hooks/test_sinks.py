import importlib
import logging
import sys

import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline

from atelier.datasets.sinks import CheckpointDataset
from atelier.hooks import SinkHooks
from atelier.incremental import Configuration, IncrementalRunner
from atelier.pipelines.sinks import with_sinks

PACKAGE = "training_code"
NODES = """
import numpy as np

from atelier.training.resume import run_rounds


class Training:
    def state(self):
        return {{"empty": np.zeros(0)}}

    def restore(self, state):
        pass

    def finished(self, history):
        return len(history) == 4

    def advance(self, history):
        # comment {comment}
        return {{"step": {step}}}


class Killed(Training):
    def advance(self, history):
        if len(history) == 2:
            raise InterruptedError
        return super().advance(history)


def train(is_killed, *, checkpoint):
    return run_rounds(Killed() if is_killed else Training(), "training", checkpoint=checkpoint)
"""


class Project:
    """One node that trains for four rounds, whose code a test writes anew."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, *, step, comment=0):
        package = self.folder / PACKAGE
        package.mkdir(exist_ok=True)
        (package / "__init__.py").touch()
        (package / "nodes.py").write_text(NODES.format(step=step, comment=comment))
        forget_package()

    def train(self, *, is_killed=False):
        """Returns the step of each round."""
        function = importlib.import_module(f"{PACKAGE}.nodes").train
        node = Node(
            with_sinks(function, checkpoint="checkpoint"),
            "params:is_killed",
            "history",
            name="train",
            namespace="study",
        )
        datasets = {
            "params:is_killed": MemoryDataset(is_killed),
            "history": MemoryDataset(),
            "study.checkpoint": CheckpointDataset(filepath=str(self.folder / "checkpoint.npz")),
        }
        manager = _create_hook_manager()
        manager.register(SinkHooks())
        configuration = Configuration(records=self.folder / ".incremental", root=self.folder)
        catalog = DataCatalog(datasets)
        IncrementalRunner(configuration=configuration).run(Pipeline([node]), catalog, manager)
        return [row["step"] for row in catalog.load("history")]


def forget_package():
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # edits may be less than a second apart
    project = Project(tmp_path)
    project.write(step=1)
    with pytest.raises(InterruptedError):
        project.train(is_killed=True)
    yield project
    forget_package()


def test_a_killed_training_whose_code_changed_begins_anew(project, caplog):
    project.write(step=2)
    assert project.train() == [2, 2, 2, 2]
    assert "starting anew" in caplog.text


def test_a_killed_training_whose_comment_changed_goes_on(project, caplog):
    caplog.set_level(logging.INFO, "atelier.training")
    project.write(step=1, comment=1)
    assert project.train() == [1, 1, 1, 1]
    assert "Continuing after round 2" in caplog.text

"""The hook that sets TensorFlow's threads: for nodes that compute with it, and for no others."""

import subprocess
import sys
import textwrap

import pytest

from atelier.hooks import tensorflow_threads
from atelier.hooks.tensorflow_threads import TensorFlowHooks
from atelier.params import Params
from atelier.training.params import AugmentationParams, MachineParams


class Nested(Params):
    machine: MachineParams
    threads: int = 7  # of something else


@pytest.fixture
def threads_set(monkeypatch):
    counts = []
    monkeypatch.setattr(tensorflow_threads.training, "set_threads", counts.append, raising=False)
    return counts


def test_threads_are_set_by_the_parameters_of_the_node(threads_set):
    TensorFlowHooks().before_node_run({"x": 1, "params:machine": MachineParams(seed=0, threads=2)})
    assert threads_set == [2]


def test_threads_within_other_parameters_are_set(threads_set):
    nested = Nested(machine=MachineParams(seed=0, threads=3))
    TensorFlowHooks().before_node_run({"params:nested": nested})
    assert threads_set == [3]


def test_a_node_without_such_parameters_sets_nothing(threads_set):
    change = AugmentationParams(degrees=0, scale=0, shear=0, pixels=0)
    TensorFlowHooks().before_node_run({"a": change, "b": {"threads": 2}, "c": [1]})
    assert threads_set == []


def test_the_hook_makes_tensorflow_deterministic_and_imports_it_only_when_needed():
    code = """
        import sys
        from atelier.hooks import TensorFlowHooks
        from atelier.training.params import MachineParams
        hooks = TensorFlowHooks()
        hooks.before_node_run({"labels": [1, 2]})
        assert "tensorflow" not in sys.modules and "keras" not in sys.modules
        hooks.before_node_run({"params:machine": MachineParams(seed=0, threads=2)})
        hooks.before_node_run({"params:machine": MachineParams(seed=1, threads=2)})
        import tensorflow as tf
        assert tf.config.threading.get_intra_op_parallelism_threads() == 2
        assert tf.config.threading.get_inter_op_parallelism_threads() == 2
        from tensorflow.python.framework import config
        assert config.is_op_determinism_enabled()
        tf.zeros(1) + 1
        try:
            hooks.before_node_run({"params:machine": MachineParams(seed=0, threads=1)})
        except RuntimeError:
            print("refused")
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split()[-1] == "refused"

"""The command that does a run again: Kedro's own parser must read from it what the run was."""

import shlex

import pytest
from kedro.framework.cli.project import run as kedro_run

from atelier.commandline import command_line


def parsed(line: str) -> dict:
    words = shlex.split(line)
    assert words[:2] == ["kedro", "run"]
    given = kedro_run.make_context("run", words[2:]).params
    return {name: value for name, value in given.items() if value not in (None, "", (), [], {})}


@pytest.mark.parametrize(
    ("run", "leaves"),
    [
        ({"pipeline_names": ["__default__"]}, {}),
        ({"pipeline_names": ["train"], "env": "full", "tags": ["figures"]}, {}),
        ({"pipeline_names": ["a", "b"], "namespaces": ["digits"]}, {"seed": 3}),
        ({"from_nodes": ["a.b", "c"], "to_nodes": ["d"], "node_names": ["e"]}, {}),
        ({"from_inputs": ["x"], "to_outputs": ["y"], "load_versions": {"z": "1"}}, {}),
        ({"env": "base"}, {"picture": "a b's.png", "digits.training.epochs": 3}),
    ],
)
def test_kedro_reads_from_it_what_the_run_was(run, leaves):
    given = parsed(command_line(run, leaves))
    names = [name for name in run.get("pipeline_names", []) if name != "__default__"]
    assert given.pop("pipelines", None) == (names if len(names) > 1 else None)
    assert given.pop("pipeline", None) == (names[0] if len(names) == 1 else None)
    assert given.pop("env", None) == run.get("env")
    nested = given.pop("params", {})
    for name, value in leaves.items():
        found = nested
        for key in name.split("."):
            found = found[key]
        assert found == value
    for name, value in given.items():
        if name in run:
            assert list(value) == list(run[name])
    for name in set(run) - {"pipeline_names", "env"}:
        assert name in given

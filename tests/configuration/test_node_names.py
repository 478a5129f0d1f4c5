"""Names of nodes and namespaces without their pipeline, on the command line and as recorded."""

import shlex
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from kedro.framework.session import KedroSession

from atelier.cli import cli
from atelier.configuration.command_line import command_line
from atelier.configuration.node_names import complete_names, complete_options
from atelier.pipeline_registry import register_pipelines

PIPELINES = register_pipelines()
WHOLE = ["train.digits.fit", "train.digits.evaluate", "drift.digits.evaluate", "sweep.evaluate"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["train.digits.fit"], ["train.digits.fit"]),
        (["digits.fit"], ["train.digits.fit"]),
        (["digits.evaluate"], ["train.digits.evaluate", "drift.digits.evaluate"]),
        (["evaluate"], ["train.digits.evaluate", "drift.digits.evaluate", "sweep.evaluate"]),
        (["its.fit"], ["its.fit"]),  # no part of a name: Kedro says that it does not know it
        (["train"], ["train"]),
        (["digits.fit", "train.digits.fit"], ["train.digits.fit"]),
        ([], []),
    ],
)
def test_a_name_is_completed_by_the_pipelines_that_have_it(names, expected):
    assert complete_names(names, WHOLE) == expected


def completed(**options):
    return complete_options(options, PIPELINES)


def test_names_are_looked_up_in_the_pipelines_that_run():
    asked = completed(pipelines=["ingest", "train"], namespaces=["digits"])
    assert asked["namespaces"] == ["ingest.digits", "train.digits"]
    asked = completed(pipeline="train", namespaces=["digits"], from_nodes=["digits.evaluate"])
    assert asked["namespaces"] == ["train.digits"]
    assert asked["from_nodes"] == ["train.digits.evaluate"]
    every = completed(namespaces=["digits"])["namespaces"]
    assert {"ingest.digits", "train.digits", "calibration.digits"} <= set(every)
    assert completed(pipeline="train", namespaces=["sweep"])["namespaces"] == ["sweep"]


def test_other_options_and_unknown_pipelines_stay_as_they_are():
    options = {"tags": ["digits"], "to_outputs": ["digits.test_metrics"], "pipeline": "train"}
    assert completed(**options) == options
    options = {"pipeline": "trian", "from_nodes": ["digits.evaluate"], "to_nodes": None}
    assert completed(**options) == options


def test_every_node_and_namespace_is_found_without_its_pipeline():
    for name, pipeline in PIPELINES.items():
        for node in pipeline.nodes:
            for whole, option in ((node.name, "node_names"), (node.namespace, "namespaces")):
                short = whole.split(".", 1)[-1]
                assert whole in completed(pipeline=name, **{option: [short]})[option]


class Recorder(KedroSession):
    """Takes note of what a session is asked for, and of the command that would be recorded."""

    @classmethod
    @contextmanager
    def create(cls, **named):
        yield cls

    @classmethod
    def run(cls, **named):
        del named["runner"]
        cls.asked = named
        cls.recorded = command_line(named, {})
        return {}


@pytest.mark.filterwarnings("ignore:Option:Warning")
@pytest.mark.parametrize(
    ("words", "recorded"),
    [
        ("--pipeline train --namespaces digits", "--pipeline train --namespaces train.digits"),
        (
            "--pipelines ingest,train --namespaces digits --to-nodes digits.evaluate",
            "--pipelines ingest,train --to-nodes train.digits.evaluate "
            "--namespaces ingest.digits,train.digits",
        ),
        (
            "--pipeline train --nodes digits.evaluate",
            "--pipeline train --nodes train.digits.evaluate",
        ),
        (
            "--pipeline sweep --from-nodes analyze_study",
            "--pipeline sweep --from-nodes sweep.analyze_study",
        ),
    ],
)
def test_the_recorded_command_has_whole_names_and_asks_for_the_same(
    words, recorded, monkeypatch, tmp_path
):
    monkeypatch.setattr(
        "kedro.framework.cli.project.settings", SimpleNamespace(SESSION_CLASS=Recorder)
    )
    monkeypatch.setattr("atelier.cli.pipelines", PIPELINES)
    monkeypatch.chdir(tmp_path)

    def asked(line: str) -> dict:
        result = CliRunner().invoke(cli, ["run", *shlex.split(line)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return Recorder.asked | {"pipeline_names": sorted(Recorder.asked["pipeline_names"])}

    first, command = asked(words), Recorder.recorded
    assert command == f"kedro run {recorded}"
    assert asked(command.removeprefix("kedro run ")) == first
    assert Recorder.recorded == command

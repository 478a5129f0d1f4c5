"""The command that does a run again, given to the command line again: every option of Kedro's."""

import shlex
from contextlib import contextmanager
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.session import KedroSession
from kedro.runner import SequentialRunner, ThreadRunner

from atelier.cli import cli
from atelier.configuration.command_line import (
    cli_only_options,
    command_for_pipeline,
    command_line,
    custom_conf_source,
    dotted_parameters,
)
from atelier.configuration.names import arrange_parameters

PARAMETERS = (
    "picture=\"a, 'b' #1.png\",picture.otsu.resamples=30,mirror=null,style='=, '',digits.maxout."
    "seeds=[1, 2],digits.shift.levels={noise: [0.5, 1e-3], 'x,y': {z: 'a b'}},digits.unset=~,"
    "a.yes=true,a.text='true',a.number='3',a.rate=1e-05,a.big=1e+16,a.empty='',content=it's = x"
).replace("style='=, ''", "style='=, '''")
SAMPLES = {
    "env": ("--env", "full"),
    "pipeline": ("--pipeline", "train"),
    "pipelines": ("--pipelines", "ingest,train"),
    "namespaces": ("--namespaces", "digits,characters"),
    "tags": ("--tags", "figures,slow"),
    "node_names": ("--nodes", "digits.train,f([a,b]) -> [c]"),
    "from_nodes": ("--from-nodes", "digits.evaluate"),
    "to_nodes": ("--to-nodes", "digits.evaluate,digits.register"),
    "from_inputs": ("--from-inputs", "digits.train_arrays"),
    "to_outputs": ("--to-outputs", "digits.scores_table,digits.a b"),
    "load_versions": ("--load-versions", "a:2026-01-01T00.00.00.000Z,b:x:y"),
    "runner": ("--runner", "ThreadRunner"),
    "is_async": ("--async",),
    "runner_params": ("--runner", "ThreadRunner", "--runner-params", "max_workers=2"),
    "conf_source": ("--conf-source", "a conf's"),
    "params": ("--params", PARAMETERS),
    "only_missing_outputs": ("--only-missing-outputs",),
}
NAMES = st.from_regex(r"[a-z]\w{0,5}(\.[a-z]\w{0,5}){0,2}", fullmatch=True)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="$"), max_size=12
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=2)
)


class Recorder(KedroSession):
    """Takes note of what a session is asked for, and of the command that would be recorded."""

    asked: dict
    recorded: str

    @classmethod
    @contextmanager
    def create(cls, **named):
        cls.asked = dict(named)
        yield cls

    @classmethod
    def run(cls, **named):
        runner = named.pop("runner")
        options = {"max_workers": getattr(runner, "_max_workers", None), "async": runner._is_async}
        cls.asked |= named | {"runner": type(runner), "runner_options": options}
        cls.asked["pipeline_names"] = sorted(named["pipeline_names"])
        shown = {"env": cls.asked["env"], "runner": str(runner)}
        cls.recorded = command_line(
            named | shown | cli_only_options(), cls.asked["runtime_params"] or {}
        )
        return {}


@pytest.fixture
def recorder(monkeypatch, tmp_path):
    """`kedro run` up to its session, in an empty folder."""
    told = SimpleNamespace(SESSION_CLASS=Recorder)
    monkeypatch.setattr("kedro.framework.cli.project.settings", told)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a conf's").mkdir()
    return Recorder


def ask(*words: str) -> tuple[dict, str]:
    """What `kedro run WORDS` asks of a session, and the command that is recorded for it."""
    result = CliRunner().invoke(cli, ["run", *words])
    assert result.exit_code == 0, result.output
    return Recorder.asked, Recorder.recorded


def again(command: str) -> tuple[dict, str]:
    kedro, *words = shlex.split(command)
    assert (kedro, words[0]) == ("kedro", "run")
    return ask(*words[1:])


def test_every_option_of_kedro_has_a_sample_here():
    """A new option of Kedro's fails here until the record has it. --config is written out."""
    assert {option.name for option in kedro_run.params} == {*SAMPLES, "config"}


@pytest.mark.filterwarnings("ignore:Option:Warning")
@pytest.mark.parametrize("name", SAMPLES)
def test_the_recorded_command_asks_for_the_same(recorder, name):
    nothing, _ = ask()
    asked, command = ask(*SAMPLES[name])
    assert asked != nothing
    assert again(command)[0] == asked


@pytest.mark.filterwarnings("ignore:Option:Warning")
def test_all_options_at_once_are_recorded(recorder):
    never_together = ("pipelines", "is_async")  # with --pipeline; with the ThreadRunner
    chosen = [words for name, words in SAMPLES.items() if name not in never_together]
    words = [word for words in chosen for word in words]
    asked, command = ask(*words)
    assert again(command) == (asked, command)
    assert asked["runner"] is ThreadRunner
    assert asked["runner_options"] == {"max_workers": 2, "async": False}


def test_nothing_is_recorded_where_nothing_was_asked(recorder):
    assert ask()[1] == "kedro run"


def test_the_parameters_of_the_sample_are_what_was_meant(recorder):
    asked, _ = ask(*SAMPLES["params"])
    given = asked["runtime_params"]
    assert given["picture"] == "a, 'b' #1.png"
    assert given["style"] == "=, '"
    assert given["a.empty"] == ""
    assert given["a.text"] == "true"
    assert given["a.yes"] is True
    assert given["content"] == "it's = x"
    assert arrange_parameters(given)["digits"]["shift"]["levels"] == {
        "noise": [0.5, 0.001],
        "x,y": {"z": "a b"},
    }


def test_a_configuration_file_is_written_out(recorder, tmp_path):
    """`--config`: parameters as a group, with dots, with lists, short and long of one name."""
    (tmp_path / "run.yml").write_text(
        "run:\n  env: full\n  pipelines: ingest,train\n  conf_source: a conf's\n"
        "  params:\n    picture: a, b.png\n    picture.otsu: {classes: [2, 3], resamples: 30}\n"
        "    digits: {shift: {levels: {noise: [0.1, null, 'x, y']}}}\n    seed: 3\n"
    )
    asked, command = ask("--config", "run.yml")
    given, repeated = asked.pop("runtime_params"), again(command)[0]
    assert "--config" not in command
    assert arrange_parameters(repeated.pop("runtime_params")) == arrange_parameters(given)
    assert repeated == asked
    assert arrange_parameters(given)["short"] == {"picture": "a, b.png", "seed": 3}


@pytest.mark.filterwarnings("ignore:Option:Warning")
def test_lists_of_a_configuration_file_are_those_of_the_command_line(recorder, tmp_path):
    (tmp_path / "run.yml").write_text(
        "run: {tags: [a, b], node_names: [x.y, z], pipelines: [train], namespaces: [digits]}\n"
    )
    asked, command = ask("--config", "run.yml")
    words = ("--tags", "a,b", "--nodes", "x.y,z", "--pipelines", "train", "--namespaces", "digits")
    assert asked == ask(*words)[0]
    assert again(command)[0] == asked


@pytest.mark.parametrize("text", ["a", "a=[1", "a.b=1,a.b.c=2"])
def test_what_cannot_be_read_ends_the_command(recorder, text):
    result = CliRunner().invoke(cli, ["run", "--params", text])
    assert result.exit_code == 2
    assert "--params" in result.output
    assert "Expected" in result.output


@settings(max_examples=50, deadline=None)
@given(values=st.dictionaries(NAMES, VALUES, max_size=3))
def test_any_parameters_are_recorded_so_that_they_come_again(values):
    line = command_line({}, values)
    context = cli.commands["run"].make_context("run", shlex.split(line)[2:])
    try:
        expected = arrange_parameters(values)
    except ValueError:
        return  # a name with a value that is a group as well: the command line refuses it
    assert arrange_parameters(context.params["params"]) == expected


def test_a_group_with_a_key_that_is_no_name_stays_whole():
    assert dotted_parameters({"a": {"b": {"c": 1, "d": {}}, "e": {3: 1}}, "f.g": 2}) == {
        "a.b.c": 1,
        "a.b.d": {},
        "a.e": {3: 1},
        "f.g": 2,
    }


@pytest.mark.parametrize(
    ("runner", "expected"),
    [
        (None, "kedro run"),
        (str(SequentialRunner()), "kedro run"),
        (str(ThreadRunner()), "kedro run --runner ThreadRunner"),
        ("<mine.runners.Fast object at 0x7f>", "kedro run --runner mine.runners.Fast"),
    ],
    ids=["none", "sequential", "thread", "mine"],
)
def test_a_session_in_python_records_its_runner(runner, expected):
    assert command_line({"runner": runner}, {}) == expected
    assert cli_only_options() == {}


def test_options_of_another_command_are_none_of_a_runs():
    other = click.Command("other", params=[click.Option(["--runner"])])
    with click.Context(other) as context:
        context.params["runner"] = "x"
        assert cli_only_options() == {}


def test_the_first_step_is_of_the_same_environment_configuration_and_parameters():
    run = {
        "env": "full",
        "conf_source": "/a b",
        "pipeline_names": ["train"],
        "from_nodes": ["x"],
        "runtime_params": {"source": "mirror", "mirror": "/a,b", "digits.ingest.limit": 3},
    }
    assert command_for_pipeline(run, "ingest") == (
        "kedro run --env full --conf-source '/a b' --pipeline ingest "
        "--params 'source=mirror,mirror=\"/a,b\",digits.ingest.limit=3'"
    )
    assert command_for_pipeline({}, "ingest") == "kedro run --pipeline ingest"


def test_only_a_configuration_from_elsewhere_is_named(tmp_path):
    def context(source):
        loader = SimpleNamespace(conf_source=str(source))
        return SimpleNamespace(config_loader=loader, project_path=tmp_path)

    assert custom_conf_source(context(tmp_path / "conf")) == {}
    assert custom_conf_source(context("/else where")) == {"conf_source": "/else where"}

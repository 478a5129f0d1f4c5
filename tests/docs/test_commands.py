"""The commands in README and docs: what they name exists, and the cheap ones are executed."""

import functools
import importlib.util
import os
import re
from pathlib import Path

import click
import pytest
from support.commands import Command, commands, is_placeholder, split_commands
from support.fork_server import run_python
from support.project import ROOT

from atelier import cli
from atelier.configuration.arguments import parse_parameters
from atelier.configuration.checks import unknown_parameters
from atelier.configuration.file_pipelines import select_file_pipelines
from atelier.configuration.loader import ProjectConfigLoader
from atelier.configuration.node_names import NODE_OPTIONS, complete_options
from atelier.configuration.rerun import choose_runner
from atelier.pipeline_registry import register_pipelines
from atelier.settings import CONFIG_LOADER_ARGS

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = list(dict.fromkeys(command for page in PAGES for command in commands(page)))
OF_KEDRO = {"run", "viz", "package", "ipython", "jupyter", "info", "catalog", "registry", "mlflow"}
FOLDERS = ("benchmarks", "conf", "docs", "documentation", "notebooks", "orchestration", "results",
           "src", "tests")  # fmt: skip
PIPELINES = register_pipelines()


def of(program: str) -> list[Command]:
    return [one for one in COMMANDS if one.words[0].rpartition("/")[2].startswith(program)]


def complaints(words: tuple[str, ...]) -> list[str]:
    """What a `kedro run` names that does not exist."""
    context = click.Context(cli.run, info_name="run")
    try:
        options, rest, _ = cli.run.make_parser(context).parse_args(list(words))
    except click.UsageError as error:
        return [error.format_message()]
    if any(map(is_placeholder, rest)):
        rest = []
    return [
        *(f"argument {word}" for word in rest),
        *unknown_environment(options.get("env")),
        *unknown_parameter_names(options.get("params"), options.get("env")),
        *unknown_pipelines_and_nodes(options),
    ]


def unknown_environment(env: str | None) -> list[str]:
    known = env is None or is_placeholder(env) or (ROOT / "conf" / env).is_dir()
    return [] if known else [f"environment {env}"]


def unknown_parameter_names(text: str | None, env: str | None) -> list[str]:
    if not text or is_placeholder(text.partition("=")[0]) or "$" in text:
        return []
    return list(complaints_of_parameters(text, env if env and not is_placeholder(env) else "test"))


@functools.cache
def complaints_of_parameters(text: str, env: str) -> tuple[str, ...]:
    parameters = choose_runner({"params": parse_parameters(text)})["params"]
    loader = ProjectConfigLoader(
        str(ROOT / "conf"), env=env, runtime_params=parameters, **CONFIG_LOADER_ARGS
    )
    loader._has_local = lambda _: False
    loader["parameters"]
    return tuple(unknown_parameters(loader, PIPELINES))


def names(value) -> list[str]:
    texts = value if isinstance(value, list | tuple) else [value] if value else []
    return [name.strip() for text in texts for name in str(text).split(",") if name.strip()]


def unknown_pipelines_and_nodes(options: dict) -> list[str]:
    asked = [name for key in ("pipeline", "pipelines") for name in names(options.get(key))]
    asked = [name for name in asked if not is_placeholder(name)]
    unknown = [f"pipeline {name}" for name in asked if name not in PIPELINES]
    if unknown:
        return unknown
    text = options.get("params") or ""
    params = parse_parameters(text) if text and not is_placeholder(text) else {}
    selected = select_file_pipelines({"pipelines": asked, "params": params}, list(PIPELINES))
    nodes = {key: names(options.get(key)) for key in (*NODE_OPTIONS, "namespaces")}
    whole = complete_options(selected | nodes, PIPELINES)
    searched = selected["pipelines"] or ["__default__"]
    there = [node for name in searched for node in PIPELINES[name].nodes]
    known = {node.name for node in there} | {node.namespace for node in there}
    return [
        f"{key} {name}"
        for key in nodes
        for name in whole[key]
        if name not in known and not is_placeholder(name)
    ]


@pytest.mark.parametrize("command", of("kedro"), ids=str)
def test_what_a_kedro_command_names_exists(command):
    _, *rest = command.words
    if is_placeholder(rest[0]):
        return
    assert rest[0] in OF_KEDRO
    if rest[0] == "run":
        assert complaints(tuple(rest[1:])) == []
    if rest[0] == "viz":
        assert rest[1] in {"run", "build"}


@pytest.mark.parametrize("command", of("make"), ids=str)
def test_the_targets_of_make_exist(command):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, re.M)) | {".venv/.ready"}
    targets |= {"orchestration/.venv/.ready", ".venv", "orchestration/.venv"}
    for word in command.words[1:]:
        assert "=" in word or word in targets or is_placeholder(word)


@pytest.mark.parametrize("command", of("python"), ids=str)
def test_the_program_of_a_python_command_exists(command):
    assert is_known_program(command.words)


def is_known_program(words: tuple[str, ...]) -> bool:
    flags = [word for word in words[1:] if not re.fullmatch(r"-[cuOW]|-X.*", word)]
    if not flags or is_placeholder(flags[0]) or "-c" in words:
        return True
    if flags[0] == "-m":
        return importlib.util.find_spec(flags[1]) is not None
    return (ROOT / flags[0]).is_file() or not is_ours(flags[0])


def is_ours(word: str) -> bool:
    return word.partition("/")[0] in FOLDERS


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_the_projects_files_that_a_command_names_exist(command):
    for word in command.words[1:]:
        if is_ours(word) and "/" in word and not any(map(is_placeholder, Path(word).parts)):
            assert (ROOT / word).exists(), word


def helpful() -> list[tuple[str, ...]]:
    """The programs of commands that parse options, as they are asked for help."""
    found = set()
    for command in of("python"):
        words = command.words[1:]
        source = file_of(words)
        if source and re.search(
            r"^(?:import|from) (?:argparse|click|rows)", source.read_text(), re.M
        ):
            found.add(words[:2] if words[0] == "-m" else words[:1])
    return sorted(found)


def file_of(words: tuple[str, ...]) -> Path | None:
    """The file of ours that a command of Python starts."""
    if words[:1] != ("-m",):
        return ROOT / words[0] if words and is_ours(words[0]) else None
    path = ROOT / "src" / Path(*words[1].split("."))
    files = (path.with_suffix(".py"), path / "__main__.py")
    return next((file for file in files if file.is_file()), None)


@pytest.mark.parametrize("words", helpful(), ids=" ".join)
def test_a_program_with_options_explains_them(words):
    explained = execute(*words, "--help")
    assert "usage" in explained.lower()


def execute(*words: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}
    done = run_python(*words, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("kedro run --pipeline trian", "pipeline trian"),
        ("kedro run --env huge", "environment huge"),
        ("kedro run --pipeline train --namespaces digit", "namespaces digit"),
        ("kedro run --params sed=1", "Received: 'sed'"),
        ("kedro run --pipline train", "pipline"),
    ],
)
def test_a_wrong_name_is_found(line, expected):
    (words,) = split_commands(line)
    assert any(expected in complaint for complaint in complaints(words[2:]))


def test_readme_and_docs_have_commands_of_each_program():
    assert len(of("kedro")) > 10
    assert len(of("make")) > 3
    assert len(of("python")) > 3

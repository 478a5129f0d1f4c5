"""The command that repeats a run, and the command of the pipeline that must run before."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from atelier.configuration.arguments import format_parameters
from atelier.configuration.rerun import CONSOLE_SWITCH, SWITCHES
from atelier.configuration.rerun import RUNNER as DEFAULT_RUNNER

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext

LIST_OPTIONS = {
    "tags": "--tags",
    "from_nodes": "--from-nodes",
    "to_nodes": "--to-nodes",
    "node_names": "--nodes",
    "from_inputs": "--from-inputs",
    "to_outputs": "--to-outputs",
    "namespaces": "--namespaces",
}
"""Kedro's names of the restrictions of a run, and the options of the command line."""
CLI_ONLY = ("runner", "is_async", "runner_params", "conf_source")
"""Options that Kedro does not pass to its hooks, or not in a form that can be repeated."""
NAME = re.compile(r"[A-Za-z_][\w-]*")
RUNNER = re.compile(r"<(?:kedro\.runner\.\w+\.)?(?P<name>[\w.]+) object at ")
UNNAMED = (
    "SequentialRunner",
    "atelier.incremental.runner.IncrementalRunner",
    "atelier.incremental.helper_runner.HelperRunner",
)
"""Runners of sessions for which a command need not name one."""


def command_line(run: Mapping[str, Any], leaves: Mapping[str, Any]) -> str:
    """Returns ``kedro run`` with the options of a run, quoted for the shell.

    Args:
        run: Kedro's record of the run (``run_params``), and the options of
            :func:`cli_only_options`, which it lacks.
        leaves: The parameters of the command line, by their dotted names.

    Examples:
        >>> command_line({"env": "test", "pipeline_names": ["train"]}, {"digits.train.epochs": 2})
        'kedro run --env test --pipeline train --params digits.train.epochs=2'
    """
    options = {"--env": run.get("env"), "--conf-source": run.get("conf_source")}
    names = [name for name in requested_pipelines(run) if name != "__default__"]
    options["--pipeline" if len(names) == 1 else "--pipelines"] = ",".join(names)
    options |= {option: ",".join(run.get(name) or []) for name, option in LIST_OPTIONS.items()}
    versions = run.get("load_versions") or {}
    options["--load-versions"] = ",".join(f"{name}:{version}" for name, version in versions.items())
    options["--runner"] = _runner(run.get("runner"))
    options["--runner-params"] = format_parameters(
        dotted_parameters(run.get("runner_params") or {})
    )
    options["--params"] = format_parameters(dotted_parameters(leaves))
    arguments = [f"{option} {shlex.quote(text)}" for option, text in options.items() if text]
    flags = {
        "--async": run.get("is_async"),
        "--only-missing-outputs": run.get("only_missing_outputs"),
    }
    return " ".join(["kedro run", *arguments, *(flag for flag, is_set in flags.items() if is_set)])


def requested_pipelines(run: Mapping[str, Any]) -> list[str]:
    """Returns the names after ``--pipelines`` in alphabetical order; Kedro gives them in any order.

    Examples:
        >>> requested_pipelines({"pipeline_names": ["train", "ingest"]})
        ['ingest', 'train']
        >>> requested_pipelines({"pipeline_names": None})
        []
    """
    return sorted(run.get("pipeline_names") or [])


def command_for_pipeline(run: Mapping[str, Any], pipeline: str) -> str:
    """Returns the command that runs another pipeline on the configuration and data of a run.

    Args:
        run: As :func:`command_line` takes it.
        pipeline: Name of the pipeline that makes a missing input.
    """
    shared = {name: run.get(name) for name in ("env", "conf_source")}
    return command_line(shared | {"pipeline_names": [pipeline]}, run.get("runtime_params") or {})


def cli_only_options() -> dict[str, Any]:
    """Returns those options of the present ``kedro run`` that Kedro does not pass to hooks.

    Returns:
        Options by name; none outside of that command, such as in a session of Python code.
    """
    options = {name: run_options().get(name) for name in CLI_ONLY}
    return {name: value for name, value in options.items() if value}


def rerun_switches() -> dict[str, Any]:
    """Returns the :data:`SWITCHES` of the present ``kedro run``, which its runner gets.

    Returns:
        Values by name; none outside of that command.
    """
    parameters = _run_parameters()
    return {name: parameters[name] for name in SWITCHES if name in parameters}


def is_verbose() -> bool:
    """Returns whether the present ``kedro run`` has ``--params verbose=true``."""
    return bool(_run_parameters().get(CONSOLE_SWITCH, False))


def _run_parameters() -> Mapping[str, Any]:
    """Returns ``--params`` of the present ``kedro run``; nothing outside of that command."""
    return run_options().get("params") or {}


def run_options() -> Mapping[str, Any]:
    """Returns the options of the present ``kedro run``; nothing outside of that command."""
    context = click.get_current_context(silent=True)
    if context is None or context.command.name != "run":
        return {}
    return context.params


def custom_conf_source(context: KedroContext) -> dict[str, str]:
    """Returns ``conf_source`` where the configuration is not the project's own, else nothing."""
    from kedro.framework.project import settings

    source = str(context.config_loader.conf_source)
    is_own = source == str(context.project_path / settings.CONF_SOURCE)
    return {} if is_own else {"conf_source": source}


def dotted_parameters(groups: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    """Returns the values of nested parameters by their dotted names.

    A group with a key that is no name, such as ``a,b`` or 3, is not flattened.

    Examples:
        >>> dotted_parameters({"digits": {"train": {"epochs": 2}}, "seed": 0})
        {'digits.train.epochs': 2, 'seed': 0}
    """
    leaves: dict[str, Any] = {}
    for key, value in groups.items():
        full = f"{name}.{key}" if name else str(key)
        is_group = isinstance(value, Mapping) and value and all(map(_is_name, value))
        leaves |= dotted_parameters(value, full) if is_group else {full: value}
    return leaves


def _is_name(key: Any) -> bool:
    return isinstance(key, str) and NAME.fullmatch(key) is not None


def _runner(runner: str | None) -> str | None:
    """Returns the argument of ``--runner``, from itself or from the repr of a runner."""
    match = RUNNER.match(runner or "")
    if match is None:
        return None if runner == DEFAULT_RUNNER else runner
    return None if match["name"] in UNNAMED else match["name"]

"""The command that does a run again."""

import shlex
from collections.abc import Mapping
from typing import Any

LISTS = {
    "tags": "--tags",
    "from_nodes": "--from-nodes",
    "to_nodes": "--to-nodes",
    "node_names": "--nodes",
    "from_inputs": "--from-inputs",
    "to_outputs": "--to-outputs",
    "namespaces": "--namespaces",
}
"""Kedro's names of what a run was narrowed to, and the options that say it."""


def command_line(run: Mapping[str, Any], leaves: Mapping[str, Any]) -> str:
    """``kedro run`` with the options of a run, those of the shell quoted.

    Args:
        run: What Kedro's hooks are told of the run (``run_params``).
        leaves: Its parameters of the command line under their dotted names.
    """
    options = {"--env": run.get("env")}
    names = [name for name in run.get("pipeline_names") or [] if name != "__default__"]
    options["--pipeline" if len(names) == 1 else "--pipelines"] = ",".join(names)
    options |= {option: ",".join(run.get(name) or []) for name, option in LISTS.items()}
    versions = run.get("load_versions") or {}
    options["--load-versions"] = ",".join(f"{name}:{one}" for name, one in versions.items())
    options["--params"] = ",".join(f"{name}={value}" for name, value in leaves.items())
    given = [f"{option} {shlex.quote(text)}" for option, text in options.items() if text]
    return " ".join(["kedro run", *given])

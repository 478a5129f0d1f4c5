"""Pipelines that a file of the user selects: ``--pipeline calibration --params logits=FILE``."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from atelier.configuration.names import SHORT, arrange_parameters


def select_file_pipelines(
    options: Mapping[str, Any], registered: Collection[str]
) -> dict[str, Any]:
    """Returns the options of ``kedro run`` with pipelines replaced by those on a user's file.

    A pipeline ``calibration`` is replaced where ``calibration.logits`` is registered and the
    command has the short parameter ``logits``. The command that is recorded names the latter.

    Args:
        options: By Kedro's names: ``pipeline``, ``pipelines`` and ``params``.
        registered: Names of the registered pipelines.

    Raises:
        ValueError: If no pipeline is named, so that all would run beside the file.

    Examples:
        >>> options = {"pipelines": ["calibration"], "params": {"logits": "mine.npz"}}
        >>> select_file_pipelines(options, ["calibration", "calibration.logits"])["pipelines"]
        ['calibration.logits']
    """
    short = arrange_parameters(options.get("params") or {}).get(SHORT, {})
    files = [name for name, value in short.items() if value is not None]
    by_file = {name: [item for item in registered if item.endswith(f".{name}")] for name in files}
    one, several = options.get("pipeline"), options.get("pipelines")
    for name, pipelines in by_file.items():
        if pipelines and not one and not several:
            commands = " or ".join(f"--pipeline {item.split('.')[0]}" for item in pipelines)
            raise ValueError(f"Expected {commands} beside {name}=. Received: no pipeline")
    selected = dict(options)
    if one:
        selected["pipeline"] = _replaced([one], files, registered)[0]
    if several:
        selected["pipelines"] = _replaced(several, files, registered)
    return selected


def _replaced(names: Sequence[str], files: Sequence[str], registered: Collection[str]) -> list[str]:
    replaced = []
    for name in names:
        on_files = [f"{name}.{file}" for file in files if f"{name}.{file}" in registered]
        replaced.extend(on_files or [name])
    return replaced

"""The switches of ``kedro run`` that are no parameters of nodes: ``--params force=true``."""

from collections.abc import Mapping
from typing import Any

SWITCHES = ("force", "explain", "processes")
"""Parameters of the command line for the runner: run all, only say why, in how many processes."""
CONSOLE_SWITCH = "verbose"
"""The parameter of the command line that brings all messages to the console."""
RUNNER = "atelier.incremental.IncrementalRunner"
"""The runner of a command that names none, which leaves out unchanged nodes."""


def choose_runner(options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options of ``kedro run`` with a runner, which gets the switches.

    A command that names a runner, or asks for missing outputs only, keeps Kedro's meaning.

    Args:
        options: By Kedro's names.

    Raises:
        ValueError: If such a command has switches as well, or ``verbose`` is not true or false.

    Examples:
        >>> options = choose_runner({"params": {"force": True, "seed": 1}})
        >>> options["params"], options["runner_params"]
        ({'seed': 1}, {'force': True})
    """
    parameters = dict(options.get("params") or {})
    verbose = parameters.pop(CONSOLE_SWITCH, False)
    if not isinstance(verbose, bool):
        raise ValueError(  # noqa: TRY004  (the value of an option, for whoever gives it)
            f"Expected --params {CONSOLE_SWITCH}=true or {CONSOLE_SWITCH}=false. "
            f"Received: {CONSOLE_SWITCH}={verbose}"
        )
    switches = {name: parameters.pop(name) for name in SWITCHES if name in parameters}
    if options.get("runner") or options.get("only_missing_outputs"):
        if switches:
            given = ", ".join(f"{name}={value}" for name, value in switches.items())
            raise ValueError(
                "Expected --params force=…, explain=… or processes=… without --runner and "
                f"--only-missing-outputs. Received: {given} with one of these; leave it out"
            )
        return {**options, "params": parameters} if options.get("params") else dict(options)
    return {
        **options,
        "params": parameters,
        "runner": RUNNER,
        "runner_params": {**(options.get("runner_params") or {}), **switches},
    }

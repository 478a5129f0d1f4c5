"""What a project tells the runner about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kedro.pipeline.node import Node

from atelier.incremental.helper import HelperStart
from atelier.incremental.steps import equal_rank


def _no_secret(name: str, value: Any) -> bool:
    del name, value
    return False


def _no_node(node: Node) -> bool:
    del node
    return False


def _nothing(node: Node) -> Iterable[str]:
    del node
    return ()


def _no_group(node: Node) -> str | None:
    del node
    return None


@dataclass(frozen=True)
class Configuration:
    """What a project tells the runner about itself.

    Attributes:
        records: The folder of the records. Runs whose data lies elsewhere, such as those of
            another environment of Kedro, need another folder.
        root: The project's folder, whose path is left out of the settings of datasets.
        packages: Names of the project's own packages; by default those of the nodes' functions
            that were not installed.
        environment: What else results depend on, by name, such as the number of threads.
        is_secret: Whether a parameter must not be written, by its dotted name and its value.
        always_runs: Whether a node is never skipped.
        hidden_inputs: Names of datasets that a node reads though they are not among its inputs.
        hidden_outputs: Names of datasets that a node writes to while it runs, such as checkpoints.
            Their code counts, their content does not.
        rank: Of the nodes that can run, those of a smaller rank run first, unless a namespace that
            has begun can go on.
        processes: How many processes run nodes at once, 1 or 2.
        group: Nodes of one group run in one process, nodes of no group in that of the command.
        helper: Returns how the second process starts; None where there is none.
    """

    records: Path = Path(".incremental")
    root: Path = Path()
    packages: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    is_secret: Callable[[str, Any], bool] = _no_secret
    always_runs: Callable[[Node], bool] = _no_node
    hidden_inputs: Callable[[Node], Iterable[str]] = _nothing
    hidden_outputs: Callable[[Node], Iterable[str]] = _nothing
    rank: Callable[[Node], int] = equal_rank
    processes: int = 1
    group: Callable[[Node], str | None] = _no_group
    helper: Callable[[], HelperStart] | None = None

    def __post_init__(self) -> None:
        """Checks the number of processes."""
        check_processes(self.processes)


def check_processes(processes: Any) -> None:
    """Refuses a number of processes other than 1 and 2.

    Raises:
        ValueError: If it is another value.
    """
    if type(processes) is not int or processes not in (1, 2):
        raise ValueError(f"Expected processes=1 or processes=2. Received: processes={processes}")


_configured = [Configuration()]


def configure(configuration: Configuration) -> None:
    """Sets the configuration of runners that are given none.

    Args:
        configuration: Such as a hook ``after_context_created`` makes it, which knows the
            environment of the run.
    """
    _configured[:] = [configuration]


def current_configuration() -> Configuration:
    """Returns the configuration that was set last, or the default."""
    return _configured[0]

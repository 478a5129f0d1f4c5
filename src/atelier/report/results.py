"""What a lab has: datasets by name, and the run that wrote each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Run:
    """A run that wrote a dataset.

    Attributes:
        run_id: The tracker's; empty where nothing was tracked.
        began: When, in words.
        command: The command that does it again.
        page: Address of its page; None where the tracker has no such run any more.
        parameters: Those that made the dataset, by dotted name.
        pipelines: The pipelines that the command names; none is all of them.
        inputs: Other runs, which wrote what the dataset was computed from.
    """

    run_id: str
    began: str
    command: str
    page: str | None
    parameters: Mapping[str, str] = field(default_factory=dict)
    pipelines: tuple[str, ...] = ()
    inputs: tuple["Run", ...] = ()


@dataclass(frozen=True)
class ExperimentResults:
    """The environment's name, the moment in words, what datasets are there, who wrote each.

    ``datasets`` gives for a metrics dataset a mapping, for a table a frame, for a text a string,
    for a plot a plotly figure, for a picture or animation the path of its file. ``runs`` has no
    entry for a dataset whose writer is not known.
    """

    env: str
    written: str
    datasets: Mapping[str, Any]
    runs: Mapping[str, Run]
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> str:
        """The option of a command that names the environment, with a space before it."""
        return "" if self.env == "base" else f" --env {self.env}"

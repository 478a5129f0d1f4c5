"""The results of an environment: datasets by name, and the run that wrote each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Run:
    """A run that wrote a dataset.

    Attributes:
        run_id: The tracker's id; empty where nothing was tracked.
        began: Date and time as text.
        command: The command that repeats the run.
        page: Address of the run's page; None where the tracker has no such run.
        parameters: Those that made the dataset, by dotted name.
        pipelines: The pipelines that the command names; none stands for all.
        inputs: Further runs, which wrote what the dataset was computed from.
        command_run_id: The tracker's id of the command's run; empty where there is none.
        command_page: Address of its page, as ``page``.
    """

    run_id: str
    began: str
    command: str
    page: str | None
    parameters: Mapping[str, str] = field(default_factory=dict)
    pipelines: tuple[str, ...] = ()
    inputs: tuple["Run", ...] = ()
    command_run_id: str = ""
    command_page: str | None = None

    def is_of_same_command(self, other: "Run | None") -> bool:
        """Returns whether one command began both runs."""
        return other is not None and self._command_key == other._command_key

    @property
    def command_run(self) -> "Run":
        """The run of the command; the run itself where it has none above it."""
        if not self.command_run_id:
            return self
        return replace(self, run_id=self.command_run_id, page=self.command_page)

    @property
    def _command_key(self) -> tuple[str, str, str]:
        return (self.command_run_id or self.run_id, self.began, self.command)


@dataclass(frozen=True)
class ClaimSummary:
    """A claim of the ledger as the page shows it.

    Attributes:
        claim: The claim in one sentence.
        source: Work and place.
        theirs: What the source states.
        ours: Our number with its unit; empty where there is none.
        interval: Its 95 % interval; empty where nothing was sampled.
        n: Number of examples or repetitions.
        environment: Where the number was measured.
        recorded: Whether a command recorded the number from the outputs of a run.
        verdict: The verdict by the ledger's rule.
    """

    claim: str
    source: str
    theirs: str
    ours: str
    interval: str
    n: str
    environment: str
    recorded: bool
    verdict: str


@dataclass(frozen=True)
class ExperimentResults:
    """The results of all experiments in one environment.

    Attributes:
        env: Kedro's environment.
        written: Date and time of the report as text.
        datasets: The datasets that exist: metrics as a mapping, a table as a frame, a text as a
            string, a plot as a plotly figure, a picture or animation as the path of its file.
        runs: The run that wrote each dataset; without those whose writer is not known.
        sources: A line on where the data of each namespace came from.
        claims: The claims that each pipeline tests, as texts for a table.
    """

    env: str
    written: str
    datasets: Mapping[str, Any]
    runs: Mapping[str, Run]
    sources: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, Sequence[ClaimSummary]] = field(default_factory=dict)

    @property
    def env_option(self) -> str:
        """The option of a command that names the environment, with a space before it."""
        return "" if self.env == "base" else f" --env {self.env}"

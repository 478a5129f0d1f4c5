"""Which runs made what the page shows of an experiment."""

from collections.abc import Mapping
from dataclasses import dataclass

from atelier.report.experiments import Experiment
from atelier.report.results import ExperimentResults, Run

EVERY = "__default__"


@dataclass(frozen=True)
class RunRecord:
    """The runs behind an experiment.

    Attributes:
        run: The one that wrote the headline, the first measure; None where that is not known.
        command: The command that does the experiment again.
        parameters: Those of all that this run wrote of the experiment.
        others: Further runs that wrote parts of the experiment, or what these were computed from.
        unknown: How many of the experiment's datasets have no known writer.
    """

    run: Run | None
    command: str
    parameters: Mapping[str, str]
    others: list[Run]
    unknown: int


def run_record(experiment: Experiment, lab: ExperimentResults) -> RunRecord:
    """Returns the runs that wrote what is there of an experiment.

    Args:
        experiment: Its first measure is its headline; without measures, its first dataset.
        lab: What is there, and who wrote it.
    """
    headline_first = [*(one.of for one in experiment.measures), *experiment.datasets]
    there = [name for name in dict.fromkeys(headline_first) if name in lab.datasets]
    known = [lab.runs[name] for name in there if name in lab.runs]
    run = lab.runs.get(there[0])
    parameters: dict[str, str] = {}
    for one in known:
        if _same(one, run):
            parameters |= one.parameters
    behind = {(one.run_id, one.began): one for each in known for one in (*each.inputs, each)}
    return RunRecord(
        run=run,
        command=_command(experiment, lab, run),
        parameters=dict(sorted(parameters.items())),
        others=[one for one in behind.values() if not _same(one, run)],
        unknown=len(there) - len(known),
    )


def _same(one: Run, other: Run | None) -> bool:
    return other is not None and (one.run_id, one.began) == (other.run_id, other.began)


def _command(experiment: Experiment, lab: ExperimentResults, run: Run | None) -> str:
    """Returns the run's command, for this experiment alone where it was a run of all."""
    alone = f" --pipeline {experiment.pipeline}"
    if run is None:
        return f"kedro run{lab.environment}{alone}"
    return run.command if set(run.pipelines) - {EVERY} else run.command + alone

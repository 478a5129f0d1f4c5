"""The runs that wrote what the page shows of an experiment."""

from collections.abc import Mapping
from dataclasses import dataclass

from atelier.report.experiments import Experiment
from atelier.report.results import ExperimentResults, Run

DEFAULT = "__default__"


@dataclass(frozen=True)
class RunRecord:
    """The runs behind an experiment.

    Attributes:
        run: The run that wrote the first measure; None where that is not known.
        command: The command that repeats the experiment.
        parameters: The parameters of everything that this command wrote of the experiment.
        sibling_runs: Runs of the same command that wrote other parts of the experiment.
        further_runs: For each other command that wrote parts of the experiment, or what these were
            computed from, its run.
        unknown_count: How many of the experiment's datasets have no known writer.
    """

    run: Run | None
    command: str
    parameters: Mapping[str, str]
    sibling_runs: list[Run]
    further_runs: list[Run]
    unknown_count: int


def run_record(experiment: Experiment, results: ExperimentResults) -> RunRecord:
    """Returns the runs that wrote the existing datasets of an experiment.

    Args:
        experiment: Its first measure determines the main run; without measures, its first dataset.
        results: The datasets, and the run that wrote each of them.
    """
    measures_first = [*(measure.of for measure in experiment.measures), *experiment.datasets]
    existing = [name for name in dict.fromkeys(measures_first) if name in results.datasets]
    writers = [results.runs[name] for name in existing if name in results.runs]
    run = results.runs.get(existing[0])
    same_command = [writer for writer in writers if writer.is_of_same_command(run)]
    behind = [item for writer in writers for item in (*writer.inputs, writer)]
    others = [item for item in behind if not item.is_of_same_command(run)]
    parameters = {name: text for writer in same_command for name, text in writer.parameters.items()}
    siblings = {item.run_id: item for item in same_command if run and item.run_id != run.run_id}
    return RunRecord(
        run=run,
        command=_command(experiment, results, run),
        parameters=dict(sorted(parameters.items())),
        sibling_runs=list(siblings.values()),
        further_runs=_one_for_each_command(others),
        unknown_count=len(existing) - len(writers),
    )


def _one_for_each_command(runs: list[Run]) -> list[Run]:
    """Returns one run for each command: its only one, or the command's run above several."""
    groups: list[list[Run]] = []
    for run in runs:
        group = next((group for group in groups if run.is_of_same_command(group[0])), None)
        if group is None:
            groups.append([run])
        else:
            group.append(run)
    return [
        group[0] if len({run.run_id for run in group}) == 1 else group[0].command_run
        for group in groups
    ]


def _command(experiment: Experiment, results: ExperimentResults, run: Run | None) -> str:
    """Returns the run's command, for this experiment alone where it was a run of all."""
    option = f" --pipeline {experiment.pipeline}"
    if run is None:
        return f"kedro run{results.env_option}{option}"
    return run.command if set(run.pipelines) - {DEFAULT} else run.command + option

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
        parameters: The parameters of everything that this run wrote of the experiment.
        further_runs: Further runs that wrote parts of the experiment, or what these were computed
            from.
        unknown_count: How many of the experiment's datasets have no known writer.
    """

    run: Run | None
    command: str
    parameters: Mapping[str, str]
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
    parameters: dict[str, str] = {}
    for writer in writers:
        if _is_same(writer, run):
            parameters |= writer.parameters
    behind = {
        (item.run_id, item.began): item for writer in writers for item in (*writer.inputs, writer)
    }
    return RunRecord(
        run=run,
        command=_command(experiment, results, run),
        parameters=dict(sorted(parameters.items())),
        further_runs=[item for item in behind.values() if not _is_same(item, run)],
        unknown_count=len(existing) - len(writers),
    )


def _is_same(first: Run, second: Run | None) -> bool:
    if second is None:
        return False
    return (first.run_id, first.began) == (second.run_id, second.began)


def _command(experiment: Experiment, results: ExperimentResults, run: Run | None) -> str:
    """Returns the run's command, for this experiment alone where it was a run of all."""
    option = f" --pipeline {experiment.pipeline}"
    if run is None:
        return f"kedro run{results.env_option}{option}"
    return run.command if set(run.pipelines) - {DEFAULT} else run.command + option

"""The console of a run: a line for each experiment, what runs now, and where the results are."""

from __future__ import annotations

import logging
import shutil
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from atelier.configuration.command_line import is_verbose
from atelier.hooks.experiment_progress import ExperimentProgress, cut, format_duration
from atelier.hooks.experiment_runs import Experiment, experiment_of
from atelier.hooks.helpers import command_of_helper
from atelier.hooks.live_line import LiveLine
from atelier.hooks.planning import nodes_to_run
from atelier.hooks.runners import only_explains
from atelier.hooks.session_log import SessionLog
from atelier.incremental.reasons import FORCED, NOT_RECORDED, join_reasons

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from atelier.hooks.descriptions import RunDescriptions

logger = logging.getLogger(__name__)

SHOWN_REASONS = 3
"""Nodes of an experiment whose reasons are shown; the log file has all."""


class ProgressHooks:
    """Writes a line for each experiment that ends, and at the end where the results are.

    The log file has the rest: every node, what it loads and saves, and its progress. An output
    with ``metadata: {announcement: …}`` in ``conf/`` is named with the address of its file, to
    open in a browser.

    Args:
        descriptions: Knows the main number of an experiment.
    """

    _project = Path()

    def __init__(self, descriptions: RunDescriptions) -> None:
        self._descriptions = descriptions
        self._log, self._live = SessionLog(), LiveLine()
        self._progress = ExperimentProgress([])
        self._nodes_skipped, self._began = 0, time.monotonic()
        self._reasons: Counter[Experiment | None] = Counter()
        self._unsaved: set[str] = set()

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Notes where the project lies; ends the console of a session that was interrupted."""
        self._project = context.project_path
        self._end()

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Begins to count the nodes that run."""
        only_missing = run_params.get("only_missing_outputs", False)
        self._progress = ExperimentProgress(
            nodes_to_run(pipeline, catalog, only_missing=only_missing)
        )
        self._nodes_skipped, self._began = 0, time.monotonic()
        self._reasons.clear()
        if command_of_helper():
            self._log.pass_on()
            return
        self._log.begin(self._project, verbose=is_verbose(), has_file=not only_explains())
        if not only_explains():
            self._live.start(self._status)

    @hook_impl
    def before_steps(self, seconds: Mapping[str, float]) -> None:
        """Takes the durations of earlier runs, from which the time left follows."""
        self._progress.recorded = seconds

    @hook_impl
    def before_node_rerun(self, node: Node, reasons: Sequence[str]) -> None:
        """Says why a node runs that has run before, for the first nodes of each experiment."""
        experiment = experiment_of(node)
        if set(reasons) <= {NOT_RECORDED, FORCED} or is_verbose():
            return
        self._reasons[experiment] += 1
        if self._reasons[experiment] <= SHOWN_REASONS:
            text = f"  {node.name}: {join_reasons(reasons)}"
            logger.info("%s", cut(text, terminal_columns()))
        elif self._reasons[experiment] == SHOWN_REASONS + 1:
            logger.info("  further nodes of %s: see the log", experiment.name if experiment else "")

    @hook_impl(tryfirst=True)
    def before_dataset_loaded(self, node: Node) -> None:
        """Notes the node that begins."""
        self._progress.begin(node)

    @hook_impl(tryfirst=True)
    def before_node_run(self, node: Node) -> None:
        """Notes the node that begins, and what it has to save."""
        self._progress.begin(node)
        self._unsaved = set(node.outputs)

    @hook_impl(trylast=True)
    def after_node_run(self, node: Node) -> None:
        """Ends a node without outputs."""
        if not node.outputs:
            self._end_node(node, has_run=True)

    @hook_impl(trylast=True)
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Ends a node whose outputs are all saved."""
        self._unsaved.discard(dataset_name)
        if not self._unsaved:
            self._end_node(node, has_run=True)

    @hook_impl
    def after_node_skipped(self, node: Node) -> None:
        """Counts a node that is unchanged."""
        self._nodes_skipped += 1
        self._end_node(node, has_run=False)

    @hook_impl
    def before_helper_node(self, node: Node) -> None:
        """Notes the node that begins in the second process."""
        self._progress.helper_node = node

    @hook_impl
    def after_helper_node(self, node: Node, reasons: Sequence[str]) -> None:
        """Counts a node of the second process, which says itself what its experiments have made."""
        self._nodes_skipped += not reasons
        self._progress.end_in_helper(node, has_run=bool(reasons))

    @hook_impl(trylast=True)
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Names the pages to open, the commands of MLflow and Kedro-Viz, and the figures."""
        self._live.stop()
        if not command_of_helper():
            self._say_end(pipeline, catalog)
        self._end()

    @hook_impl(trylast=True)
    def on_pipeline_error(self) -> None:
        """Names the node that failed, and the log file."""
        self._stop("failed in {}")
        self._end()

    @hook_impl(trylast=True)
    def on_run_interrupted(self) -> None:
        """Names the node that was interrupted, and the log file, which the exit still uses."""
        self._stop("interrupted in {}")

    def _end_node(self, node: Node, *, has_run: bool) -> None:
        experiment = self._progress.end(node, has_run=has_run)
        if experiment:
            headline = self._descriptions.headline(experiment)
            logger.info("%s", self._progress.line(experiment, headline, terminal_columns()))

    def _stop(self, words: str) -> None:
        """Says where the session has stopped.

        Args:
            words: With a place for the node's name.
        """
        self._live.stop()
        node = self._progress.node
        experiment = experiment_of(node) if node else None
        if node and experiment:
            self._progress.count(node)
            logger.info("%s", self._progress.line(experiment, words.format(node.name)))
        if self._log.path:
            logger.info("The log: %s", self._shown_path())

    def _end(self) -> None:
        self._live.stop()
        self._log.end()

    def _status(self) -> str:
        return self._progress.status()

    def _say_end(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        if self._progress.nodes_run:
            announce(sorted(pipeline.outputs()), catalog)
            self._say_where(pipeline)
        else:
            self._advise(pipeline)

    def _say_where(self, pipeline: Pipeline) -> None:
        figures = [name for name in pipeline.all_outputs() if name.endswith("_figure")]
        lines = [
            f"Done in {format_duration(time.monotonic() - self._began)}. To see the results:",
            "  make ui    runs, metrics, pictures and models in MLflow",
            "             (mlflow ui)",
            "  make viz   the pipelines as a graph (kedro viz)",
            f"  figures    data/08_reporting/ ({len(figures)} from this run)",
        ]
        if self._log.path:
            lines.append(f"  log        {self._shown_path()}")
        logger.info("%s", "\n".join(lines))

    def _shown_path(self) -> Path:
        """Returns the log file as seen from the working directory, or its full path."""
        path = self._log.path or Path()
        return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path

    def _advise(self, pipeline: Pipeline) -> None:
        """Says how nodes run that did not run."""
        if self._nodes_skipped:
            logger.info("To run unchanged nodes again: --params force=true")
        elif not only_explains():
            logger.info(
                "Nothing to do: all outputs of all %d nodes exist. "
                "Leave out --only-missing-outputs to make them again",
                len(pipeline.nodes),
            )


def terminal_columns() -> int | None:
    """Returns the width of the terminal; None where the output is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def announce(outputs: list[str], catalog: CatalogProtocol[Any, Any]) -> None:
    """Names those outputs with the addresses of their files that are meant to be opened.

    Args:
        outputs: Names of datasets.
        catalog: The datasets of the session.
    """
    for dataset in (catalog[name] for name in outputs if name in catalog):
        announcement = (getattr(dataset, "metadata", None) or {}).get("announcement")
        if announcement:
            address = Path(dataset._filepath).absolute().as_uri()
            logger.info("%s, to open in a browser:\n  %s", announcement, address)

"""Every run gets a description and the tags of its columns just before it ends."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from kedro.framework.hooks import hook_impl

from atelier.configuration.redaction import redact
from atelier.hooks.active_runs import FAILED, FINISHED
from atelier.hooks.experiment_runs import Experiment, experiment_of
from atelier.hooks.peak_memory import PeakMemory, format_memory
from atelier.hooks.run_links import RunLinks
from atelier.incremental import tell_command

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline.node import Node

    from atelier.report.cards import Card
    from atelier.report.descriptions import ChildRun
    from atelier.report.experiments import Experiment as Texts

NOTE = "mlflow.note.content"
"""MLflow's tag of a run's description."""
COMMAND = "kedro_command"
TEXTS = "report.experiments"
"""The dataset with the report's questions, measures and captions."""
PICTURE, PAGE_WIDTH = "description.png", 900
"""The main figure as an artifact, and its largest width in pixels."""
ENVIRONMENT = "environment"
BASE = "base"
"""Kedro's environment where none is named."""


class RunDescriptions:
    """Follows the nodes of a session, and describes the runs of its experiments and its own."""

    _catalog: CatalogProtocol[Any, Any]

    def __init__(self) -> None:
        self._memory = PeakMemory()
        self._began = 0.0
        self._forget()

    def _forget(self) -> None:
        self._made: defaultdict[Experiment | None, dict[str, Any]] = defaultdict(dict)
        self._read: defaultdict[Experiment | None, list[str]] = defaultdict(list)
        self._children: list[ChildRun] = []
        self._texts: tuple[Texts, ...] = ()
        self._node = ""
        self._error: BaseException | None = None

    @hook_impl
    def before_pipeline_run(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Begins to measure time and memory."""
        self._forget()
        self._catalog = catalog
        self._began = time.monotonic()
        self._memory.start()

    @hook_impl(tryfirst=True)
    def before_dataset_loaded(self, node: Node) -> None:
        """Counts time and memory for the node's experiment."""
        self._enter(node)

    @hook_impl(tryfirst=True)
    def before_node_run(self, node: Node) -> None:
        """Notes what the node reads."""
        self._enter(node)
        self._read[experiment_of(node)].extend(node.inputs)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Notes what the node has made, and its numbers."""
        numbers = data if dataset_name.endswith("_metrics") else None
        self._made[experiment_of(node)][dataset_name] = numbers

    @hook_impl
    def on_helper_message(self, message: Any) -> None:
        """Notes the run of an experiment that has ended in the second process."""
        from atelier.report.descriptions import ChildRun

        if isinstance(message, ChildRun):
            self._children.append(message)

    @hook_impl
    def on_helper_error(self, node: Node | None) -> None:
        """Notes the node that has failed in the second process."""
        self._node = node.name if node else self._node

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """Ends the sampling of memory, also where nothing is tracked."""
        self._memory.stop()

    @hook_impl(tryfirst=True)
    def on_pipeline_error(self, error: Exception) -> None:
        """Notes the error, which the runs that end now have in their descriptions."""
        self._error = error
        self._memory.stop()

    def _enter(self, node: Node) -> None:
        if node.name != self._node:
            self._node = node.name
            self._memory.enter(experiment_of(node))

    def headline(self, experiment: Experiment) -> str:
        """Returns an experiment's main number, its interval and what it measures, as one line.

        Args:
            experiment: Its nodes of this session have run.

        Returns:
            The line; nothing where the nodes that ran have made no number.
        """
        value = self._card(experiment).headline
        if value is None:
            return ""
        interval = f" [{value.interval}]" if value.interval else ""
        return f"{value.text}{interval} {value.label}"

    def describe_experiment(
        self, experiment: Experiment, run_id: str, status: str, seconds: float
    ) -> None:
        """Writes the description and the tags of an experiment's run.

        Args:
            experiment: The experiment that ends.
            run_id: The id of its run.
            status: The status that the run gets.
            seconds: The time of its own nodes.
        """
        from atelier.report.descriptions import ChildRun, RunFacts, RunLink, describe_run

        links = RunLinks(run_id, self._catalog)
        card = self._card(experiment)
        duration = format_seconds(seconds)
        memory = format_memory(self._memory.of(experiment))
        stopped, error = self._stop(status)
        facts = RunFacts(
            card=card,
            command=links.tags.get(COMMAND, ""),
            duration=duration,
            peak_memory=memory,
            picture=self._picture(card, run_id),
            data=links.data(self._read[experiment]),
            inputs=links.inputs(self._read[experiment]),
            models=links.models(),
            code=links.code(),
            parent=links.parent(),
            made=tuple(self._made[experiment]),
            stopped=stopped,
            error=error,
        )
        self._write(links, describe_run(facts), {
            **_headline_tags(card),
            **links.data_tags(self._read[experiment]),
            "duration": duration,
            "peak_memory": memory,
        })  # fmt: skip
        name = RunLink(links.name, links.address)
        child = ChildRun(name, status, duration, card.headline)
        self._children.append(child)
        tell_command(child)

    def describe_session(self, run_id: str, status: str) -> None:
        """Writes the description and the tags of the command's run.

        Args:
            run_id: The id of the run.
            status: The status that the run gets.
        """
        from atelier.report.descriptions import SessionFacts, describe_session, summarize_children

        self._memory.stop()
        links = RunLinks(run_id, self._catalog)
        duration = format_seconds(time.monotonic() - self._began)
        memory = format_memory(self._memory.total)
        stopped, error = self._stop(status)
        children = tuple(self._children)
        command = links.tags.get(COMMAND, "")
        facts = SessionFacts(command, children, duration, memory, stopped, error)
        self._write(links, describe_session(facts), {
            "headline": summarize_children(children),
            "duration": duration,
            "peak_memory": memory,
        })  # fmt: skip

    def _card(self, experiment: Experiment) -> Card:
        """Returns what the report's card would show if there were this run only."""
        from atelier.report.cards import Card, build_card
        from atelier.report.experiments import EXPERIMENTS, CaptionedFigure

        made = self._made[experiment]
        figures = [name for name in made if name.endswith("_figure")]
        if not self._texts:
            self._texts = EXPERIMENTS.validate_python(self._catalog.load(TEXTS))
        texts = (item for item in self._texts if item.pipeline == experiment.pipeline)
        text = next(texts, None)
        figure = CaptionedFigure(of=figures[0], caption="") if figures else None
        if text is None:
            return Card(experiment.name, "", figure=figure)
        card = build_card(text.in_namespace(experiment.namespace), made)
        return card if card.figure else replace(card, figure=figure)

    def _picture(self, card: Card, run_id: str) -> str:
        """Logs the card's figure as wide as a page, and returns its address.

        MLflow's page shows pictures at their full size, and takes an address relative to the page.
        """
        import mlflow

        from atelier.report.embedding import reduced_picture

        dataset = self._catalog.get(card.figure.of) if card.figure else None
        path = getattr(dataset, "_filepath", None)
        if path is None:
            return ""
        image = reduced_picture(Path(path), PAGE_WIDTH)
        mlflow.MlflowClient().log_image(run_id, image, PICTURE)
        return f"get-artifact?{urlencode({'path': PICTURE, 'run_uuid': run_id})}"

    def _stop(self, status: str) -> tuple[str, str]:
        """Returns what stopped a run that ends with a status, and the error."""
        if status == FINISHED:
            return "", ""
        if self._error is None:
            return f"Interrupted while {self._node} ran", ""
        if status == FAILED:
            error = redact(f"{type(self._error).__name__}: {self._error}")
            return f"Failed in {self._node}", error
        return f"Stopped before its last node: {self._node} failed", ""

    def _write(self, links: RunLinks, note: str, tags: Mapping[str, str]) -> None:
        """Sets the tags, and the description unless a person has written one."""
        import mlflow
        from mlflow.entities import RunTag
        from mlflow.utils.validation import MAX_TAG_VAL_LENGTH

        from atelier.report.descriptions import is_signed, sign

        texts = {name: text for name, text in tags.items() if text}
        before = links.tags.get(NOTE, "")
        if not before or is_signed(before):
            texts[NOTE] = sign(redact(note))
        items = [RunTag(name, text[:MAX_TAG_VAL_LENGTH]) for name, text in texts.items()]
        mlflow.MlflowClient().log_batch(links.run_id, tags=items)


def _headline_tags(card: Card) -> dict[str, str]:
    """Returns the tags of the columns ``headline`` and ``interval``."""
    from atelier.report.cards import describe_value

    value = card.headline
    return {"headline": describe_value(value), "interval": value.interval} if value else {}


def format_seconds(seconds: float) -> str:
    """Returns a duration as text.

    Examples:
        >>> format_seconds(12.34)
        '12.3 s'
    """
    return f"{seconds:,.1f} s"


def killed_note(command: str, reason: str) -> str:
    """Returns the description of a run whose process could not write one.

    Args:
        command: The command that repeats the run.
        reason: Why the run did not finish.
    """
    from atelier.report.descriptions import describe_killed, sign

    return sign(describe_killed(command, reason))

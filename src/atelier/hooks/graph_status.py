"""The status and times of the last runs, and sizes of tables, as the graph shows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kedro.framework.hooks import hook_impl
from kedro_viz.constants import PIPELINE_EVENTS_FILENAME, VIZ_METADATA_DIR
from kedro_viz.integrations.kedro.hooks import DatasetStatsHook
from kedro_viz.integrations.kedro.run_hooks import PipelineRunStatusHook

from atelier.configuration.redaction import redact
from atelier.hooks.helpers import command_of_helper
from atelier.incremental import tell_command
from atelier.storage.atomic_write import atomic_path

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.pipeline import Pipeline

Event = dict[str, Any]
PIPELINE_EVENTS = ("before_pipeline_run", "after_pipeline_run", "on_pipeline_error")
STATISTICS = "stats.json"


def merge_events(earlier: Sequence[Event], latest: Sequence[Event]) -> list[Event]:
    """Returns the latest run's events, after those of earlier runs on nodes that it left out.

    Args:
        earlier: The events of the runs before, with the environment of the last one.
        latest: The events of the latest run. Where it has another environment, earlier events are
            left out, since its data are others.
    """
    same_data = [event.get("env") for event in earlier[:1]] == [latest[0].get("env")]
    known = {event["node_id"] for event in latest if event["event"] not in PIPELINE_EVENTS}
    kept = [
        event
        for event in earlier
        if event["event"] not in PIPELINE_EVENTS and event["node_id"] not in known
    ]
    start, *others = latest
    return [start, *(kept if same_data else []), *others]


class GraphStatus(NamedTuple):
    """What the second process of a command tells at its end.

    Attributes:
        events: Of its nodes.
        sizes: Of the tables that it has saved, by dataset.
    """

    events: list[Event]
    sizes: dict[str, Any]


class GraphStatusHooks(PipelineRunStatusHook, DatasetStatsHook):
    """Kedro-Viz' hooks, which also follow a run of some pipelines or nodes.

    The graph shows of each node its last run in the environment of the last run.
    """

    _folder: Path
    _env: str | None
    _earlier: list[Event]
    _events: list[Event]

    def __init__(self) -> None:
        PipelineRunStatusHook.__init__(self)
        DatasetStatsHook.__init__(self)

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Notes where the project lies."""
        self._folder, self._env = context.project_path / VIZ_METADATA_DIR, context.env

    @hook_impl
    def after_catalog_created(self, catalog: Any) -> None:
        """Notes the datasets, whose files have sizes."""
        self._datasets = self.datasets = catalog

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline) -> None:
        """Begins the events of a run."""
        self._earlier = _read(self._folder / PIPELINE_EVENTS_FILENAME, [])
        self._stats.update({} if command_of_helper() else _read(self._folder / STATISTICS, {}))
        self._events = []
        PipelineRunStatusHook.before_pipeline_run(self, {}, pipeline)
        self._events[0]["env"] = self._env

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        """Notes a dataset that was loaded."""
        PipelineRunStatusHook.after_dataset_loaded(self, dataset_name, data)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Notes a dataset that was saved, and the size of a table."""
        PipelineRunStatusHook.after_dataset_saved(self, dataset_name, data)
        DatasetStatsHook.after_dataset_saved(self, dataset_name, data)

    @hook_impl
    def on_helper_message(self, message: Any) -> None:
        """Takes the events and the sizes of tables of the second process."""
        if isinstance(message, GraphStatus):
            self._events += [
                item for item in message.events if item["event"] not in PIPELINE_EVENTS
            ]
            self._stats.update(message.sizes)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Writes the events and the sizes of tables."""
        PipelineRunStatusHook.after_pipeline_run(self)
        if command_of_helper():
            return
        sizes = {name: self.format_stats(stats) for name, stats in self._stats.items()}
        _write(self._folder / STATISTICS, sizes)

    def _add_event(self, event: Event, flush: bool = False) -> None:  # noqa: FBT001, FBT002
        if event["event"] == "on_pipeline_error" and "dataset" in event:
            self._events.append(redact(event | {"event": "on_node_error"}))  # while it loaded
        self._events.append(redact(event))
        if flush and command_of_helper():
            tell_command(GraphStatus(self._events, dict(self._stats)))
        elif flush:
            events = merge_events(self._earlier, self._events)
            _write(self._folder / PIPELINE_EVENTS_FILENAME, events)


def _read(path: Path, default: Any) -> Any:
    """Returns a record, or the default where there is none that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return default


def _write(path: Path, record: Any) -> None:
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(record, indent=1), encoding="utf-8")

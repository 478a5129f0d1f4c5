"""Switches off what datasets log to MLflow, for pipelines that ``mlflow.yml`` does not track."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atelier.hooks.sinks import sink_name
from atelier.pipelines.sinks import sinks_of

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline

SWITCH = "_logging_activated"
"""The attribute of kedro-mlflow's datasets, and of ours, without which they log nothing."""


def switch_logging(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any], *, active: bool) -> None:
    """Sets whether the datasets of a pipeline log to MLflow, the sinks of its nodes among them.

    kedro-mlflow's own function knows neither datasets of patterns nor those of other packages,
    which then log to a run that the user has open, or begin one of their own.

    Args:
        pipeline: The nodes of the session.
        catalog: The datasets of the session.
        active: Whether they log.
    """
    sinks = {
        sink_name(node, sink) for node in pipeline.nodes for sink in sinks_of(node.func).values()
    }
    for name in pipeline.datasets() | sinks:
        dataset = catalog.get(name)
        if hasattr(dataset, SWITCH):
            setattr(dataset, SWITCH, active)

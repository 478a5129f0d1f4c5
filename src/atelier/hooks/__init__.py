"""Kedro's hooks, which act around the nodes of a run: one file for each concern."""

from atelier.hooks.catalog import CatalogHooks
from atelier.hooks.commands import CommandHooks
from atelier.hooks.descriptions import RunDescriptions
from atelier.hooks.graph_status import GraphStatusHooks
from atelier.hooks.incremental import IncrementalHooks
from atelier.hooks.inputs import InputHooks
from atelier.hooks.interruption import KilledRunHooks
from atelier.hooks.late_report import LateReportHooks
from atelier.hooks.origins import OriginHooks
from atelier.hooks.parameters import ParameterHooks
from atelier.hooks.paths import PathHooks, environment_variable
from atelier.hooks.progress import ProgressHooks
from atelier.hooks.redaction import RedactionHooks
from atelier.hooks.runners import RunnerHooks
from atelier.hooks.sinks import SinkHooks
from atelier.hooks.tensorflow_messages import hide_remarks
from atelier.hooks.tensorflow_threads import TensorFlowHooks
from atelier.hooks.tracking import TrackingHooks

__all__ = [
    "CatalogHooks",
    "CommandHooks",
    "GraphStatusHooks",
    "IncrementalHooks",
    "InputHooks",
    "KilledRunHooks",
    "LateReportHooks",
    "OriginHooks",
    "ParameterHooks",
    "PathHooks",
    "ProgressHooks",
    "RedactionHooks",
    "RunDescriptions",
    "RunnerHooks",
    "SinkHooks",
    "TensorFlowHooks",
    "TrackingHooks",
    "environment_variable",
    "hide_remarks",
]

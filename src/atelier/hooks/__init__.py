"""What happens around a run: one file for each concern."""

from atelier.hooks.configuration import ParameterHooks
from atelier.hooks.inputs import InputHooks
from atelier.hooks.interruption import KilledRunHooks
from atelier.hooks.origins import OriginHooks
from atelier.hooks.paths import PathHooks, environment_variable
from atelier.hooks.progress import ProgressHooks, ReportHooks
from atelier.hooks.redaction import RedactionHooks
from atelier.hooks.runners import RunnerHooks
from atelier.hooks.tracking import TrackingHooks

__all__ = [
    "InputHooks",
    "KilledRunHooks",
    "OriginHooks",
    "ParameterHooks",
    "PathHooks",
    "ProgressHooks",
    "RedactionHooks",
    "ReportHooks",
    "RunnerHooks",
    "TrackingHooks",
    "environment_variable",
]

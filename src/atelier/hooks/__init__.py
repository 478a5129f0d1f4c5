"""What happens around a run: one file for each concern."""

from atelier.hooks.configuration import ParameterHooks
from atelier.hooks.guidance import GuideHooks, LabHooks
from atelier.hooks.inputs import InputHooks
from atelier.hooks.interruption import RunHooks
from atelier.hooks.origins import OriginHooks
from atelier.hooks.paths import PathHooks, environment_variable
from atelier.hooks.redaction import SecretHooks
from atelier.hooks.runners import RunnerHooks
from atelier.hooks.tensorflow_threads import TensorFlowHooks
from atelier.hooks.tracking import TrackingHooks

__all__ = [
    "GuideHooks",
    "InputHooks",
    "LabHooks",
    "OriginHooks",
    "ParameterHooks",
    "PathHooks",
    "RunHooks",
    "RunnerHooks",
    "SecretHooks",
    "TensorFlowHooks",
    "TrackingHooks",
    "environment_variable",
]

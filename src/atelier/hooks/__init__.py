"""What happens around a run: one file for each concern."""

from atelier.hooks.configuration import ParameterHooks
from atelier.hooks.guidance import GuideHooks, LabHooks
from atelier.hooks.inputs import InputHooks
from atelier.hooks.interruption import RunHooks
from atelier.hooks.redaction import SecretHooks
from atelier.hooks.tracking import TrackingHooks

__all__ = [
    "GuideHooks",
    "InputHooks",
    "LabHooks",
    "ParameterHooks",
    "RunHooks",
    "SecretHooks",
    "TrackingHooks",
]

"""Kedro's settings: hooks, and how configuration is read."""

import os
from pathlib import Path

from kedro.utils import find_kedro_project
from omegaconf.resolvers import oc

from atelier.configuration.loader import ProjectConfigLoader
from atelier.hooks import (
    GuideHooks,
    InputHooks,
    LabHooks,
    ParameterHooks,
    RunHooks,
    SecretHooks,
    TrackingHooks,
)

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's C++ side greets at length

PROJECT = find_kedro_project(Path.cwd()) or Path.cwd()

HOOKS = (
    ParameterHooks(),
    LabHooks(),
    InputHooks(),
    SecretHooks(),
    TrackingHooks(),
    RunHooks(),
    GuideHooks(),
)
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry", "kedro_mlflow")  # the latter's are ours, extended

CONFIG_LOADER_CLASS = ProjectConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "base",
    "merge_strategy": {"parameters": "soft", "globals": "soft", "mlflow": "soft"},
    "config_patterns": {"mlflow": ["mlflow*", "mlflow*/**"], "schedules": ["schedules*"]},
    "custom_resolvers": {"project": lambda path: str(PROJECT / path), "oc.env": oc.env},
}

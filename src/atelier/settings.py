"""Kedro's settings: hooks, and how configuration is read."""

import os
import sys
from pathlib import Path

from atelier.configuration.loader import ProjectConfigLoader
from atelier.configuration.terminal import print_plainly
from atelier.hooks import (
    GuideHooks,
    InputHooks,
    LabHooks,
    OriginHooks,
    ParameterHooks,
    PathHooks,
    RunHooks,
    RunnerHooks,
    SecretHooks,
    TensorFlowHooks,
    TrackingHooks,
    environment_variable,
)

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's C++ side greets at length
print_plainly(sys.stdout, sys.stderr)  # log messages say "…", which not every terminal can show

PACKAGE = Path(__file__).parent
"""Folder of the code. That of the project is known to Kedro's context only, to which relative paths
in conf/ refer: the working directory may be another.
"""

HOOKS = (
    ParameterHooks(),
    PathHooks(),
    LabHooks(),
    InputHooks(),
    SecretHooks(),
    TrackingHooks(),
    OriginHooks(),
    RunHooks(),
    RunnerHooks(),
    TensorFlowHooks(),
    GuideHooks(),
)
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry", "kedro_mlflow")  # the latter's are ours, extended

CONFIG_LOADER_CLASS = ProjectConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "base",
    "merge_strategy": {"parameters": "soft", "globals": "soft", "mlflow": "soft"},
    "config_patterns": {"mlflow": ["mlflow*", "mlflow*/**"], "schedules": ["schedules*"]},
    "custom_resolvers": {
        "package": lambda path: str(PACKAGE / path),
        "oc.env": environment_variable,
    },
}

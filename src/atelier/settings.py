"""Kedro's settings: hooks, and how configuration is read."""

import logging
import os
import sys
from pathlib import Path

from atelier.configuration.loader import ProjectConfigLoader
from atelier.configuration.terminal import use_ascii_fallback
from atelier.hooks import (
    CatalogHooks,
    CommandHooks,
    GraphStatusHooks,
    IncrementalHooks,
    InputHooks,
    KilledRunHooks,
    LateReportHooks,
    OriginHooks,
    ParameterHooks,
    PathHooks,
    ProgressHooks,
    RedactionHooks,
    RunDescriptions,
    RunnerHooks,
    SinkHooks,
    TensorFlowHooks,
    TrackingHooks,
    environment_variable,
    hide_remarks,
)

hide_remarks()
if "MLFLOW_LOGGING_LEVEL" not in os.environ:
    logging.getLogger("mlflow").setLevel(logging.WARNING)  # or it tells how it creates a store
# Log messages contain "…", which not every terminal can show.
use_ascii_fallback(sys.stdout, sys.stderr)

PACKAGE = Path(__file__).parent
"""Folder of the code. The project's folder, to which relative paths in conf/ refer, is known to
Kedro's context only: the working directory may be another.
"""

_commands = CommandHooks()
_descriptions = RunDescriptions()
HOOKS = (
    _commands,
    ParameterHooks(),
    PathHooks(),
    CatalogHooks(),
    IncrementalHooks(),
    InputHooks(_commands),
    RedactionHooks(),
    _descriptions,
    TrackingHooks(_commands, _descriptions),
    OriginHooks(_commands),
    KilledRunHooks(),
    RunnerHooks(),
    SinkHooks(),
    TensorFlowHooks(),
    GraphStatusHooks(),
    LateReportHooks(),
    ProgressHooks(_descriptions),  # the last: it ends the console after all others
)
# The hooks of the last two plugins are ours, extended.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry", "kedro_mlflow", "kedro-viz")

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

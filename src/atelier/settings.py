"""Kedro's settings: hooks, and how configuration is read."""

import os
from pathlib import Path

from kedro.config import OmegaConfigLoader

from atelier.hooks import GuideHooks, InputHooks, RunHooks, TrackingHooks

PROJECT = Path.cwd() if (Path.cwd() / "conf").is_dir() else Path(__file__).parents[2]

HOOKS = (InputHooks(), TrackingHooks(), RunHooks(), GuideHooks())
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry", "kedro_telemetry", "kedro-mlflow", "kedro_mlflow")

CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "base",
    "merge_strategy": {"parameters": "soft", "globals": "soft", "mlflow": "soft"},
    "config_patterns": {"mlflow": ["mlflow*", "mlflow*/**"]},
    "custom_resolvers": {"project": lambda path: str(PROJECT / path)},
}

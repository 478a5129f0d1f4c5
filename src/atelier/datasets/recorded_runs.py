"""Reads a run with its per-example results and its pictures from MLflow."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from atelier.comparison.records import RecordedRun
from atelier.datasets.run_search import mlflow_experiment_name
from atelier.datasets.tracked import run_page

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
EXAMPLES, COMPARISONS = "examples", "compare"
"""Folders of a run's artifacts: per-example results, and earlier comparisons."""
CONDITIONS = {
    "environment": ("environment", "env"),
    "command": ("command", "kedro_command"),
}
"""Conditions of a run, and the tags that have them."""
COMMIT, DIRTY = "mlflow.source.git.commit", "mlflow.source.git.dirty"
BARS = "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"
DIGITS = 12
"""Digits of commits and digests that are shown."""


def read_run(run: Any, *, with_results: bool = True) -> RecordedRun:
    """Returns a run as it is compared.

    Args:
        run: MLflow's record.
        with_results: Whether to read per-example results and pictures as well.

    Returns:
        The record; the run of a command has no results of its own.
    """
    files = _read_files(run.info.run_id) if with_results else {}
    tables = {path: content for path, content in files.items() if path.suffix == ".parquet"}
    return RecordedRun(
        run_id=run.info.run_id,
        name=str(run.info.run_name),
        experiment=mlflow_experiment_name(run),
        status=run.info.status,
        began=run.info.start_time,
        page=run_page(run.info.experiment_id, run.info.run_id),
        duration=run.data.tags.get("duration") or _duration(run.info),
        conditions=_conditions(run),
        parameters=dict(run.data.params),
        metrics=dict(run.data.metrics),
        examples={path.stem: pd.read_parquet(io.BytesIO(item)) for path, item in tables.items()},
        figures={str(path): item for path, item in files.items() if path not in tables},
    )


def _duration(info: Any) -> str:
    if info.end_time is None:
        return ""
    return f"{(info.end_time - info.start_time) / 1000:,.1f} s"


def _conditions(run: Any) -> dict[str, str]:
    tags = run.data.tags
    inputs = (item.dataset for item in run.inputs.dataset_inputs)
    data = sorted({f"{item.name} (digest {item.digest[:DIGITS]})" for item in inputs})
    changed = " with uncommitted changes" if tags.get(DIRTY) == "true" else ""
    conditions = {
        "data": ", ".join(data),
        "git commit": f"{tags[COMMIT][:DIGITS]}{changed}" if COMMIT in tags else "",
    }
    for name, keys in CONDITIONS.items():
        conditions[name] = next((tags[key] for key in keys if key in tags), "")
    return {name: value for name, value in conditions.items() if value}


def _read_files(run_id: str) -> dict[PurePosixPath, bytes]:
    """Returns the content of a run's pictures and per-example results by path."""
    import mlflow

    client = mlflow.MlflowClient()
    paths = sorted(_paths(client, run_id, ""))
    with TemporaryDirectory() as folder, _without_progress_bars():
        return {
            PurePosixPath(path): Path(client.download_artifacts(run_id, path, folder)).read_bytes()
            for path in paths
            if _is_read(PurePosixPath(path))
        }


@contextmanager
def _without_progress_bars() -> Iterator[None]:
    """Keeps MLflow from drawing two bars for each file."""
    before = os.environ.get(BARS)
    os.environ[BARS] = "false"
    try:
        yield
    finally:
        os.environ.pop(BARS)
        if before is not None:
            os.environ[BARS] = before


def _is_read(path: PurePosixPath) -> bool:
    """Pictures beside the folders are copies, which a run's description shows."""
    if path.suffix == ".parquet":
        return path.parts[:-1] == (EXAMPLES,)
    return len(path.parts) > 1 and path.suffix.lower() in PICTURES


def _paths(client: Any, run_id: str, folder: str) -> Iterator[str]:
    """Yields the paths of all files of a run, but for those of comparisons."""
    for item in client.list_artifacts(run_id, folder or None):
        if item.is_dir and item.path != COMPARISONS:
            yield from _paths(client, run_id, item.path)
        elif not item.is_dir:
            yield str(item.path)

"""Runs a study without Kedro.

``python -m atelier.sweep --images F.npz --config F.yml --out DIR``
"""

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from atelier.configuration.terminal import use_ascii_fallback
from atelier.sweep.chunk_store import StudyFolder
from atelier.sweep.plan import Plan
from atelier.sweep.progress import progress_bar
from atelier.sweep.runner import run_study


def main(arguments: list[str] | None = None) -> None:
    """Runs the study and writes ``study.parquet`` into the folder."""
    use_ascii_fallback(sys.stdout, sys.stderr)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("atelier").setLevel(logging.DEBUG)  # a line for each chunk
    logging.getLogger("jax").setLevel(logging.WARNING)
    options = _parser().parse_args(arguments)
    try:
        with np.load(options.images, allow_pickle=False) as file:
            data = dict(file)
        tables = [
            run_study(
                plan,
                data,
                StudyFolder(options.out / "trials"),
                threads=options.threads,
                activations=options.activations,
                progress_meter=progress_bar,
            ).assign(batch_size=plan.batch_size)
            for plan in [Plan(**values) for values in _read(options.config)]
        ]
        table = pd.concat(tables, ignore_index=True)
    except (ValueError, TypeError, OSError) as error:
        sys.exit(f"atelier.sweep: {error}")
    table.to_parquet(options.out / "study.parquet", index=False)
    sys.stdout.write(f"{len(table)} trainings: {options.out / 'study.parquet'}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m atelier.sweep", description=__doc__)
    parser.add_argument(
        "--images",
        type=Path,
        required=True,
        help="npz with train_images, train_labels, selection_…, test_…, like the dataset "
        "sweep.data_arrays",
    )
    parser.add_argument(
        "--config",
        type=Path,
        required=True,
        help="the plan: YAML or JSON with the fields of Plan, or a list of several plans",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for chunks and table")
    cores = os.cpu_count() or 1
    parser.add_argument(
        "--threads",
        type=int,
        default=cores,
        help="members trained at once on a CPU (default: all cores)",
    )
    parser.add_argument(
        "--activations",
        choices=["float32", "bfloat16"],
        default="float32",
        help="type in which activations are stored between the layers",
    )
    return parser


def _read(path: Path) -> list[dict[str, Any]]:
    """Returns the fields of each plan."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        values = json.loads(text)
    else:
        import yaml

        values = yaml.safe_load(text)
    plans = values if isinstance(values, list) else [values]
    if not plans or not all(isinstance(plan, dict) for plan in plans):
        raise TypeError(f"Expected a mapping of the plan's values in {path}. Received: {values}")
    return plans


if __name__ == "__main__":
    main()

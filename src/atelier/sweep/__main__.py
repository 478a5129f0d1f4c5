"""``python -m atelier.sweep --images F.npz --config F.yml --out DIR``: the study without Kedro."""

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from atelier.configuration.terminal import use_ascii_fallback
from atelier.sweep.chunk_store import Ledger
from atelier.sweep.plan import Plan
from atelier.sweep.progress import bar
from atelier.sweep.runner import run_study


def main(arguments: list[str] | None = None) -> None:
    """Run the study and write ``study.parquet`` into the folder."""
    use_ascii_fallback(sys.stdout, sys.stderr)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("jax").setLevel(logging.WARNING)
    asked = _parser().parse_args(arguments)
    try:
        with np.load(asked.images, allow_pickle=False) as file:
            data = dict(file)
        plan = Plan(**_read(asked.config))
        table = run_study(
            plan,
            data,
            Ledger(asked.out / "trials"),
            threads=asked.threads,
            activations=asked.activations,
            meter=bar,
        )
    except (ValueError, TypeError, OSError) as error:
        sys.exit(f"atelier.sweep: {error}")
    table.to_parquet(asked.out / "study.parquet", index=False)
    sys.stdout.write(f"{len(table)} trainings: {asked.out / 'study.parquet'}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m atelier.sweep", description=__doc__)
    parser.add_argument(
        *("--images",), type=Path, required=True,
        help="npz with train_images, train_labels, selection_…, test_…; as the pipeline's "
        "sweep.data_arrays",
    )  # fmt: skip
    parser.add_argument(
        *("--config",), type=Path, required=True, help="the plan: YAML or JSON, keys as in Plan"
    )
    parser.add_argument("--out", type=Path, required=True, help="where chunks and table go")
    cores = os.cpu_count() or 1
    parser.add_argument(
        "--threads", type=int, default=cores, help="members at once on a CPU (all cores)"
    )
    parser.add_argument(
        "--activations", choices=["float32", "bfloat16"], default="float32", help="as stored"
    )
    return parser


def _read(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        values = json.loads(text)
    else:
        import yaml

        values = yaml.safe_load(text)
    if not isinstance(values, dict):
        raise TypeError(f"Expected a mapping of the plan's values in {path}. Received: {values}")
    return values


if __name__ == "__main__":
    main()

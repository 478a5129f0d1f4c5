"""Runs as a tracker would have recorded them."""

import numpy as np
import pandas as pd

from atelier.comparison.records import RecordedRun


def examples(
    n: int = 400, *, seed: int = 0, right: float = 0.9, split: str = "5f2c"
) -> pd.DataFrame:
    """Correctness, likelihood and confidence of ``n`` test images."""
    rng = np.random.default_rng(seed)
    correct = rng.random(n) < right
    confidence = rng.uniform(0.5, 1, n).astype(np.float32)
    nll = np.where(correct, 0.1, 2.0).astype(np.float32)
    columns = {"accuracy": correct, "nll": nll, "confidence": confidence}
    return pd.DataFrame({"split": split} | columns)


def recorded(run_id: str, **fields) -> RecordedRun:
    """A finished run of the training on digits."""
    plain = {
        "name": "train · digits", "experiment": "train · digits", "status": "FINISHED",
        "began": 0, "page": f"http://127.0.0.1:5000/#/experiments/1/runs/{run_id}",
    }  # fmt: skip
    return RecordedRun(run_id, **(plain | fields))

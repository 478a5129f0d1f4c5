import numpy as np
import pytest

from atelier.sweep.plan import SPLITS, Plan
from atelier.types import Arrays


@pytest.fixture(scope="session")
def sweep_data() -> Arrays:
    """Four classes that differ by where they are bright, in noise."""
    rng = np.random.default_rng(0)
    data = {}
    for split, n in zip(SPLITS, (160, 24, 32), strict=True):
        labels = rng.integers(4, size=n)
        images = rng.integers(0, 120, (n, 12, 12, 1))
        images[np.arange(n), 3 * labels] += 120
        data[f"{split}_images"] = images.astype(np.uint8)
        data[f"{split}_labels"] = labels
    return data


@pytest.fixture(scope="session")
def tiny_plan() -> Plan:
    return Plan(
        optimizers=("sgd", "adam"),
        dropouts=(0.0, 0.5),
        lowest_rate=1e-3,
        highest_rate=1e-1,
        rates=3,
        seeds=(0, 1),
        batch_size=8,
        steps=60,
        chunk=2,
        filters=(4, 6),
        units=16,
    )

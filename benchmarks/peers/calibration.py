"""Measures of calibration by netcal and relplot."""

from collections.abc import Callable
from typing import Any


def of_netcal(probs: Any, labels: Any) -> dict[str, Callable[[], Any]]:
    """Returns errors over 15 bins: the largest, and means over bins of equal width and mass."""
    from netcal.metrics import ACE, ECE, MCE

    return {
        "expected": lambda: ECE(15).measure(probs, labels),
        "maximum": lambda: MCE(15).measure(probs, labels),
        "adaptive": lambda: ACE(15, equal_intervals=False).measure(probs, labels),
    }


def of_relplot(probs: Any, labels: Any) -> dict[str, Callable[[], Any]]:
    """Returns SmoothECE of the top label."""
    from relplot import smECE

    confidence, correct = probs.max(axis=1), probs.argmax(axis=1) == labels
    return {"smooth": lambda: smECE(confidence, correct)}


PEERS = {"netcal": of_netcal, "relplot": of_relplot}

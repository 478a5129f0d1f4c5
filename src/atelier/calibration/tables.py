"""Methods × measures, each with its interval: the table of Guo et al. 2017."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from atelier.evaluation import calibration_error as metrics
from atelier.evaluation.intervals import (
    NOT_NEGATIVE,
    SHARE,
    SHARE_GAIN,
    bootstrap_interval,
    wilson_interval,
)
from atelier.types import Array, Labels, Metrics

TOP_LABEL: dict[str, Callable[[Array, Array], float]] = {
    "ece": metrics.expected_calibration_error,
    "mce": metrics.maximum_calibration_error,
    "ace": metrics.adaptive_calibration_error,
    "debiased": metrics.debiased_calibration_error,
    "smooth": metrics.smooth_calibration_error,
}
"""Measures that need no more than confidence and outcome, which is what is resampled."""
BOUNDS = {
    "debiased": SHARE_GAIN,
    "nll": NOT_NEGATIVE,
    "brier": (0.0, 2.0),
    "gain": SHARE_GAIN,
}
"""Least and largest value of the measures that are no share in [0, 1]."""
SMALLEST = float(np.finfo(np.float64).eps)
"""A probability of 0 for what then happened counts as this in the likelihood; else it is ∞."""


def calibration_row(
    probs: Array, labels: Labels, *, before: Array, seed: int, resamples: int
) -> dict[str, float]:
    """Every measure of one method with the limits of its 95 % interval, ``<name>_low`` and
    ``_high``; ``gain``, by how much the ECE fell from ``before``, paired; accuracy; and the share
    of predictions ``changed``.

    Args:
        probs: (n, classes), what the method says of the test split.
        labels: (n,).
        before: (n, classes), what the network itself says of the same.
        seed: Of the resamples.
        resamples: How many.
    """
    confidence, correct = metrics.top_label(probs, labels)
    first = metrics.top_label(before, labels)
    true = probs[np.arange(len(labels)), labels]
    true = np.where(true > 0, true, SMALLEST)
    squares = (probs**2).sum(axis=1) - 2 * true + 1

    def mean(values: Array) -> float:
        return float(values.mean())

    def gain(*four: Array) -> float:
        ece = metrics.expected_calibration_error
        return ece(four[0], four[1]) - ece(four[2], four[3])

    measures: dict[str, tuple[Callable[..., float], tuple[Array, ...]]] = {
        name: (measure, (confidence, correct)) for name, measure in TOP_LABEL.items()
    } | {
        "classwise": (metrics.classwise_calibration_error, (probs, labels)),
        "nll": (mean, (-np.log(true),)),
        "brier": (mean, (squares,)),
        "gain": (gain, (*first, confidence, correct)),
    }
    low, high = wilson_interval(int(correct.sum()), len(correct))
    row = {
        "n": float(len(labels)),
        "accuracy": float(correct.mean()),
        "accuracy_low": low,
        "accuracy_high": high,
        "changed": float((probs.argmax(axis=1) != before.argmax(axis=1)).mean()),
    }
    for name, (measure, arrays) in measures.items():
        bounds = BOUNDS.get(name, SHARE)
        low, high = bootstrap_interval(
            measure, *arrays, seed=seed, resamples=resamples, bounds=bounds
        )
        row |= {name: measure(*arrays), f"{name}_low": low, f"{name}_high": high}
    return row


def calibration_table(
    methods: Mapping[str, Array], labels: Labels, *, seed: int, resamples: int
) -> pd.DataFrame:
    """A row for each method; the first of ``methods``, (n, classes) each, is the network itself."""
    before = next(iter(methods.values()))
    rows = [
        {"method": name}
        | calibration_row(probs, labels, before=before, seed=seed, resamples=resamples)
        for name, probs in methods.items()
    ]
    return pd.DataFrame(rows)


def guo_table(tables: Mapping[str, pd.DataFrame], *, measure: str = "ece") -> pd.DataFrame:
    """One row for each network, one column for each method: ``measure`` in %, with its interval."""
    return pd.DataFrame(
        [
            {"network": name, "n": int(table["n"].iloc[0])}
            | {
                row["method"]: f"{100 * row[measure]:.2f} "
                f"[{100 * row[f'{measure}_low']:.2f}, {100 * row[f'{measure}_high']:.2f}]"
                for row in table.to_dict("records")
            }
            for name, table in tables.items()
        ]
    )


def temperature_metrics(table: pd.DataFrame) -> Metrics:
    """What temperature scaling did: ECE and likelihood before and after, with intervals."""
    methods = {row["method"]: row for row in table.to_dict("records")}
    before, after = methods["uncalibrated"], methods["temperature"]
    moments = {"before": before, "after": after}
    return {
        f"{name}_{when}{end}": float(row[f"{name}{end}"])
        for name in ("ece", "nll")
        for when, row in moments.items()
        for end in ("", "_low", "_high")
    } | {
        "ece_ratio": float(before["ece"] / after["ece"]),
        "predictions_changed": float(after["changed"]),
        "n": float(after["n"]),
    }


def model_card(
    table: pd.DataFrame, provenance: Mapping[str, Any], *, temperature: float
) -> tuple[str, dict[str, str]]:
    """Description and tags of a calibrated model: its numbers, its data, its limits."""
    numbers = temperature_metrics(table)
    ece = {
        when: "{:.4f} (95 % interval {:.4f} to {:.4f})".format(
            *(numbers[f"ece_{when}{end}"] for end in ("", "_low", "_high"))
        )
        for when in ("before", "after")
    }
    counts = ", ".join(f"{name} {count:,}" for name, count in provenance["counts"].items())
    description = f"""\
Classifies {len(provenance["classes"])} classes of {provenance["name"]}, and how sure it is.

uint8 images in; for each image out: `label` (index into the `classes` tag), `probability` of it and
`probabilities` of all classes (temperature scaling), `log_density` of its logits (Gaussians on the
training logits) and `reject` (less density than almost all held-out images have).

ECE before {ece["before"]}, after {ece["after"]}; NLL before {numbers["nll_before"]:.4f}, after
{numbers["nll_after"]:.4f} nats; T = {temperature:.5g}; n = {numbers["n"]:.0f} test images.

Splits: {counts}. Temperature and threshold come from the calibration split, densities from the
training split."""
    tags = {
        "source": provenance["name"],
        "digest": provenance["digest"],
        "classes": " ".join(provenance["classes"]),
        "temperature": f"{temperature:.7g}",
        "ece_before": ece["before"],
        "ece_after": ece["after"],
        "nll_after": f"{numbers['nll_after']:.4f}",
        "splits": counts,
    }
    return description, tags

"""Tables of methods × measures with intervals, as in Guo et al. 2017, and the model card."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from atelier import evaluation
from atelier.calibration.measures import calibration_row
from atelier.data.class_names import classes_tag
from atelier.evaluation import decomposition
from atelier.evaluation.classification import CLASSIFIER_MEASURES
from atelier.types import Array, Labels, Metrics

SMALLEST = decomposition.SMALLEST
"""Replaces a probability of exactly 0 in the likelihood, which would be infinite."""
LIMITS = ("", "_low", "_high")
"""Suffixes of a value's columns."""


def calibration_table(
    methods: Mapping[str, Array], labels: Labels, *, seed: int, resamples: int
) -> pd.DataFrame:
    """Returns a table of all measures, a row for each method.

    Args:
        methods: Probabilities of each method, (n, classes); the first is the network itself.
        labels: (n,), integers in [0, classes).
        seed: Seed of the bootstrap.
        resamples: Number of its resamples.

    Returns:
        ``method`` and the columns of :func:`atelier.calibration.measures.calibration_row`.

    Examples:
        >>> import numpy as np
        >>> methods = {"uncalibrated": np.array([[0.9, 0.1]] * 4), "mild": np.full((4, 2), 0.5)}
        >>> table = calibration_table(methods, np.array([0, 1, 0, 1]), seed=0, resamples=10)
        >>> table[["method", "ece", "gain"]].round(2).values.tolist()
        [['uncalibrated', 0.4, 0.0], ['mild', 0.0, 0.4]]
    """
    before = next(iter(methods.values()))
    rows = [
        {"method": name}
        | calibration_row(probs, labels, before=before, seed=seed, resamples=resamples)
        for name, probs in methods.items()
    ]
    return pd.DataFrame(rows)


def guo_table(tables: Mapping[str, pd.DataFrame], *, measure: str = "ece") -> pd.DataFrame:
    """Returns table 1 of Guo et al. 2017: a row for each network, a column for each method.

    Args:
        tables: Of each network its :func:`calibration_table`.
        measure: Name of the measure.

    Returns:
        ``network``, ``n``, and of each method the measure in % with its interval, as text.
    """
    return pd.DataFrame(
        {"network": name, "n": int(table["n"].iloc[0])}
        | {
            row["method"]: f"{100 * row[measure]:.2f} "
            f"[{100 * row[f'{measure}_low']:.2f}, {100 * row[f'{measure}_high']:.2f}]"
            for row in table.to_dict("records")
        }
        for name, table in tables.items()
    )


def temperature_metrics(table: pd.DataFrame, *, method: str = "temperature") -> Metrics:
    """Returns ECE and likelihood before and after temperature scaling, with intervals.

    Args:
        table: From :func:`calibration_table`.
        method: Another method of the table in place of temperature scaling.
    """
    methods = {row["method"]: row for row in table.to_dict("records")}
    before, after = methods["uncalibrated"], methods[method]
    return {
        f"{name}_{when}{suffix}": float(row[f"{name}{suffix}"])
        for name in ("ece", "nll")
        for when, row in {"before": before, "after": after}.items()
        for suffix in LIMITS
    } | {
        "ece_ratio": float(before["ece"] / after["ece"]),
        "predictions_changed": float(after["changed"]),
        "n": float(after["n"]),
    }


def calibrated_metrics(table: pd.DataFrame, *, method: str = "temperature") -> Metrics:
    """Returns accuracy, NLL and ECE after temperature scaling, each with its interval, and n.

    They have the names of :func:`atelier.evaluation.classification_metrics`.

    Args:
        table: From :func:`calibration_table`.
        method: Another method of the table in place of temperature scaling.
    """
    (row,) = table[table["method"] == method].to_dict("records")
    measures = [f"{name}{suffix}" for name in CLASSIFIER_MEASURES for suffix in LIMITS]
    return {name: float(row[name]) for name in (*measures, "n")}


def model_card(
    table: pd.DataFrame,
    provenance: Mapping[str, Any],
    *,
    temperature: float,
    method: str = "temperature",
) -> tuple[str, dict[str, str]]:
    """Returns the description and the tags of a calibrated model in the registry.

    Args:
        table: The :func:`calibration_table` of the model.
        provenance: Of its data: ``name``, ``digest``, ``classes`` and ``counts`` of the splits.
        temperature: T of temperature scaling.
        method: The calibrator of the model, a method of the table.

    Returns:
        The description in Markdown, and the tags by name.
    """
    numbers = temperature_metrics(table, method=method)
    calibrated = calibrated_metrics(table, method=method)
    ece = {
        when: "{:.4f} (95 % interval {:.4f} to {:.4f})".format(
            *(numbers[f"ece_{when}{suffix}"] for suffix in LIMITS)
        )
        for when in ("before", "after")
    }
    measures = {name: evaluation.interval_text(calibrated, name) for name in CLASSIFIER_MEASURES}
    counts = ", ".join(f"{name} {count:,}" for name, count in provenance["counts"].items())
    description = f"""\
Classifies {len(provenance["classes"])} classes of {provenance["name"]} with calibrated confidence.

Input: uint8 images. Outputs for each image: `label` (index into the `classes` tag), its
`probability` and the `probabilities` of all classes ({method}), `log_density` of the logits
(Gaussians on the training logits), `reject` and `set` (see below).

ECE before {ece["before"]}, after {ece["after"]}; NLL before {numbers["nll_before"]:.4f}, after
{numbers["nll_after"]:.4f} nats; accuracy {measures["accuracy"]}; T = {temperature:.5g}.

Splits: {counts}. Calibrator and thresholds come from the calibration split, densities from the
training split."""
    tags = {
        "source": provenance["name"],
        "digest": provenance["digest"],
        "classes": classes_tag(provenance["classes"]),
        "temperature": f"{temperature:.7g}",
        "calibrator": method,
        "ece_before": ece["before"],
        "ece_after": ece["after"],
        "nll_after": f"{numbers['nll_after']:.4f}",
        "splits": counts,
    }
    return description, tags | {f"test_{name}": text for name, text in measures.items()}

"""Nodes of the drift pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier import data, drift, training
from atelier.types import Arrays, Metrics


def detect_drift(
    model: Any, test: Arrays, batch: Arrays, logits: Arrays, params: drift.DriftParams
) -> tuple[pd.DataFrame, Metrics, Any]:
    """Tests whether the batch comes from the source of the test images: table, flag, figure."""
    density = drift.reference_density(logits, params)
    reference, new = (
        drift.image_statistics(model, training.to_unit(images), density)
        for images in (test["images"], drift.batch_images(batch))
    )
    table = drift.two_sample_tests(reference, new, alpha=params.alpha)
    metrics = drift.drift_metrics(table, reference, new)
    verdict = "drifted" if metrics["drifted"] else "no drift"
    title = f"{verdict}: {metrics['n']:,.0f} images against {metrics['reference_n']:,.0f}"
    return table, metrics, drift.figures.batch_figure(reference, new, table, title=title)


def estimate_alarm_rates(
    model: Any,
    test: Arrays,
    characters: Arrays,
    characters_provenance: dict[str, Any],
    logits: Arrays,
    provenance: dict[str, Any],
    params: drift.DriftParams,
) -> tuple[pd.DataFrame, Metrics, Any]:
    """Estimates the rates at which unchanged and changed batches are flagged."""
    density, images = drift.reference_density(logits, params), training.to_unit(test["images"])
    shared = np.isin(characters_provenance["classes"], provenance["classes"])
    foreign = characters["images"][~shared[characters["labels"]]]
    letters = training.to_unit(data.match_images(foreign, test["images"].shape[1:]))
    changes = {
        change: drift.image_statistics(model, changed, density)
        for change, changed in drift.changed_images(images, letters, params)
    }
    table = drift.power_table(drift.image_statistics(model, images, density), changes, params)
    title = f"{provenance['name']}: batches of {params.size} images"
    figure = drift.figures.power_figure(table, alpha=params.alpha, title=title)
    return table, drift.false_alarm_metrics(table, accepted=params.alpha), figure

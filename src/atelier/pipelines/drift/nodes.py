"""Nodes of the drift pipeline."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from atelier.drift.params import DriftParams
from atelier.types import Array, Arrays, Metrics


def detect_drift(
    model: Any, test: Arrays, batch: Arrays, logits: Arrays, params: DriftParams
) -> tuple[pd.DataFrame, Metrics, Any]:
    """Whether the batch is like the test images: a table, one flag (``drifted``), a figure."""
    from atelier.drift.detection import image_statistics, two_sample_tests
    from atelier.drift.figures import batch_figure
    from atelier.training.batches import to_unit
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.seed, params.threads)
    density = _density(logits, params)
    reference = image_statistics(model, to_unit(test["images"]), density)
    seen = image_statistics(model, to_unit(_pictures(batch)), density)
    table = two_sample_tests(reference, seen, alpha=params.alpha)
    metrics: Metrics = {
        "drifted": float(table["drifted"].any()),
        "least_adjusted_p": float(table["adjusted"].min()),
        "n": float(len(seen.predicted)),
        "reference_n": float(len(reference.predicted)),
    }
    verdict = "drifted" if metrics["drifted"] else "no drift"
    title = f"{verdict}: {metrics['n']:,.0f} images against {metrics['reference_n']:,.0f}"
    return table, metrics, batch_figure(reference, seen, table, title=title)


def _density(logits: Arrays, params: DriftParams) -> Any:
    from atelier.calibration.density import DensityModel

    density = DensityModel(params.covariance).fit(logits["train_logits"], logits["train_labels"])
    return density.set_rejection(logits["calibration_logits"], quantile=params.reject)


def _pictures(batch: Arrays) -> Array:
    """The batch's images as they are stored, a missing channel axis added.

    Raises:
        ValueError: No ``images``, or others than uint8.
    """
    if "images" not in batch:
        raise ValueError(f"Expected an array 'images' in the batch. Received: {sorted(batch)}")
    images = np.asarray(batch["images"])
    if images.dtype != np.uint8:
        raise ValueError(f"Expected images of uint8, 0 … 255. Received: {images.dtype}")
    return images[..., None] if images.ndim == 3 else images


def _changed(
    images: Array, letters: Array, params: DriftParams
) -> Iterator[tuple[tuple[str, float], Array]]:
    """Every change and level with the images under it."""
    from atelier.data.corruptions import corrupt
    from atelier.drift.detection import mix_out_of_distribution

    for share in params.letters:
        yield ("letters", share), mix_out_of_distribution(images, letters, share, seed=params.seed)
    for change, levels in params.levels.items():
        for level in levels:
            yield (change, level), corrupt(images, change, level, seed=params.seed)


def estimate_alarm_rates(
    model: Any,
    test: Arrays,
    others: Arrays,
    others_provenance: dict[str, Any],
    logits: Arrays,
    provenance: dict[str, Any],
    params: DriftParams,
) -> tuple[pd.DataFrame, Metrics, Any]:
    """How often honest batches raise the flag, and batches with letters, turned, noisy."""
    from atelier.drift.detection import ImageStatistics, image_statistics, power_table
    from atelier.drift.figures import power_figure
    from atelier.training.batches import to_unit
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.seed, params.threads)
    density, images = _density(logits, params), to_unit(test["images"])
    known = np.isin(others_provenance["classes"], provenance["classes"])
    letters = to_unit(others["images"][~known[others["labels"]]])
    ordinary = image_statistics(model, images, density)
    tried = {
        change: image_statistics(model, pictures, density)
        for change, pictures in _changed(images, letters, params)
    }
    unchanged: dict[tuple[str, float], ImageStatistics] = {("none", 0.0): ordinary}
    tables = [
        power_table(
            ordinary, seen, size=params.size, draws=draws, alpha=params.alpha, seed=params.seed
        )
        for seen, draws in ((unchanged, params.null_draws), (tried, params.draws))
    ]
    table = pd.concat(tables, ignore_index=True)
    first = table.iloc[0]
    metrics: Metrics = {
        "false_alarms": float(first["share"]),
        "false_alarms_low": float(first["low"]),
        "false_alarms_high": float(first["high"]),
        "draws": float(first["draws"]),
        "size": float(params.size),
        "accepted": params.alpha,
    }
    title = f"{provenance['name']}: batches of {params.size} images"
    return table, metrics, power_figure(table, alpha=params.alpha, title=title)

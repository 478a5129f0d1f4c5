"""The border of each window as tables, and the metrics of the whole study."""

from collections.abc import Sequence

import pandas as pd

from atelier.evaluation.intervals import with_interval
from atelier.trainability.dimension import border_cells, box_dimension, mean_dimension
from atelier.trainability.params import TwoLayerParams
from atelier.trainability.windows import Window
from atelier.types import Array, Metrics

WHOLE_WINDOW = 0
"""Number of the whole window in the tables; zooms count from 1."""


def border_tables(
    measures: Sequence[Array], windows: Sequence[Window], seeds: Sequence[int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Computes the share of converged members and the dimension of the border of each picture.

    Args:
        measures: The pictures of :func:`train_windows`, (resolution, resolution) each.
        windows: The whole window and its zooms.
        seeds: Of the pictures of the whole window; zooms have the first.

    Returns:
        A row for each picture, and a row for each picture and box size.
    """
    numbers = [WHOLE_WINDOW] * len(seeds) + list(range(1, len(windows)))
    of_pictures = [*seeds, *[seeds[0]] * (len(windows) - 1)]
    rows, counts = [], []
    for number, seed, picture in zip(numbers, of_pictures, measures, strict=True):
        window, converged = windows[number], int((picture < 0).sum())
        estimate = box_dimension(border_cells(picture))
        key = {"window": number, "seed": seed}
        location = {
            "first_rate": 10 ** window.center[0],
            "last_rate": 10 ** window.center[1],
            "decades": window.decades[0],
        }
        dimension = {
            "dimension": estimate.dimension,
            "dimension_low": estimate.low,
            "dimension_high": estimate.high,
            "scales": len(estimate.sizes),
        }
        share = with_interval("converged", converged, picture.size)
        rows.append(key | location | share | dimension | {"n": picture.size})
        counts += [
            key | {"size": int(size), "boxes": int(count)}
            for size, count in zip(estimate.sizes, estimate.counts, strict=True)
        ]
    return pd.DataFrame(rows), pd.DataFrame(counts)


def trainability_metrics(
    borders: pd.DataFrame, network: TwoLayerParams, windows: Sequence[Window], *, seconds: float
) -> Metrics:
    """Returns the metrics of the whole window, over all seeds, and the speed of the training.

    The interval of the share is Wilson's over the members of the grid. That of the dimension is
    over the box sizes for one seed, and over the seeds for several.

    Args:
        borders: The first table of :func:`border_tables`.
        network: The training.
        windows: The whole window and its zooms.
        seconds: Of the whole training.

    Returns:
        ``converged`` and ``dimension`` with intervals, ``zoom_dimension`` of the deepest zoom if
        there is one, ``n``, and numbers of the study.
    """
    whole = borders[borders["window"] == WHOLE_WINDOW]
    members, converged = int(whole["n"].sum()), (whole["converged"] * whole["n"]).sum()
    if len(whole) > 1:
        limits = mean_dimension(whole["dimension"].to_numpy())
    else:
        limits = tuple(whole[["dimension", "dimension_low", "dimension_high"]].iloc[0])
    metrics = with_interval("converged", round(converged), members) | dict(
        zip(("dimension", "dimension_low", "dimension_high"), map(float, limits), strict=True)
    )
    deepest = borders.iloc[-1]
    if deepest["window"] != WHOLE_WINDOW:
        names = ("dimension", "dimension_low", "dimension_high")
        metrics |= {f"zoom_{name}": float(deepest[name]) for name in names}
    return metrics | {
        "n": float(members),
        "seeds": float(len(whole)),
        "resolution": float(windows[0].resolution),
        "steps": float(network.steps),
        "zooms": float(len(windows) - 1),
        "seconds_per_million_steps": 1e6 * seconds / (network.steps * float(borders["n"].sum())),
    }

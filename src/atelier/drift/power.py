"""How often batches are flagged: false alarms, and the power of the tests under known changes."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from atelier.data.corruptions import corrupt
from atelier.data.shares import rounded_share
from atelier.drift.detection import ImageStatistics, two_sample_tests
from atelier.drift.params import DriftParams
from atelier.evaluation.intervals import with_interval
from atelier.types import Array, Metrics


def alarm_rate(
    unchanged: ImageStatistics,
    changed: ImageStatistics,
    *,
    size: int,
    draws: int,
    alpha: float,
    seed: int,
) -> Metrics:
    """Returns how often a batch of changed images is flagged.

    In every draw the images are shuffled: ``size`` of them, changed, are the batch, the others,
    unchanged, the reference. If ``changed`` is ``unchanged`` this is the rate of false alarms.

    Args:
        unchanged: Of held-out images.
        changed: Of the same images, in the same order, under a change.
        size: Number of images of a batch.
        draws: Number of batches.
        alpha: Accepted probability of a false alarm, as for :func:`two_sample_tests`.
        seed: Seed of the shuffles.

    Returns:
        ``alarm_rate`` with its 95 % Wilson interval, and ``draws``.

    Raises:
        ValueError: If a batch would leave no reference.

    Examples:
        >>> import numpy as np
        >>> from atelier.drift import ImageStatistics
        >>> x = np.linspace(0, 1, 60)
        >>> images = ImageStatistics(x, x, x, x, x > 0.9, np.arange(60) % 2)
        >>> brighter = images._replace(brightness=x + 1)
        >>> alarm_rate(images, brighter, size=20, draws=5, alpha=0.01, seed=0)["alarm_rate"]
        1.0
    """
    count = len(unchanged.predicted)
    if not 0 < size < count:
        raise ValueError(f"Expected a batch of 1 … {count - 1} images. Received: size={size}")
    rng, alarms = np.random.default_rng(seed), 0
    for _ in range(draws):
        order = rng.permutation(count)
        reference, batch = unchanged.part(order[size:]), changed.part(order[:size])
        alarms += bool(two_sample_tests(reference, batch, alpha=alpha)["drifted"].any())
    return with_interval("alarm_rate", alarms, draws) | {"draws": float(draws)}


def mix_out_of_distribution(
    images: Array, out_of_distribution: Array, share: float, *, seed: int
) -> Array:
    """Returns the images with a random share replaced by out-of-distribution images.

    Args:
        images: (n, height, width, channels).
        out_of_distribution: (m, height, width, channels), drawn with replacement.
        share: Share that is replaced, in [0, 1].
        seed: Seed of the draws.

    Returns:
        Images of the shape of ``images``.

    Examples:
        >>> import numpy as np
        >>> mixed = mix_out_of_distribution(np.zeros((10, 1)), np.ones((3, 1)), 0.3, seed=0)
        >>> float(mixed.sum())
        3.0
    """
    rng = np.random.default_rng(seed)
    mixed = images.copy()
    rows = rng.permutation(len(images))[: rounded_share(share, len(images))]
    mixed[rows] = out_of_distribution[rng.integers(0, len(out_of_distribution), len(rows))]
    return mixed


def changed_images(
    images: Array, letters: Array, params: DriftParams
) -> Iterator[tuple[tuple[str, float], Array]]:
    """Yields the images under every change and level.

    Args:
        images: (n, height, width, channels), in [0, 1].
        letters: Out-of-distribution images, (m, height, width, channels), in [0, 1]; there may be
            none, where every character is a class.
        params: The shares of letters, and the levels of each corruption.

    Yields:
        (change, level) and the images under it, of the shape of ``images``.
    """
    for share in params.letters if len(letters) else ():
        mixed = mix_out_of_distribution(images, letters, share, seed=params.seed)
        yield ("letters", share), mixed
    for change, levels in params.levels.items():
        for level in levels:
            yield (change, level), corrupt(images, change, level, seed=params.seed)


def power_table(
    unchanged: ImageStatistics,
    changes: Mapping[tuple[str, float], ImageStatistics],
    params: DriftParams,
) -> pd.DataFrame:
    """Returns the rate of false alarms, and how often every change is flagged.

    Args:
        unchanged: Of held-out images.
        changes: Of the same images under each (change, level).
        params: Size of a batch, numbers of batches, accepted rate of false alarms, seed.

    Returns:
        A row for no change, then one for each change and level: ``change, level, size`` and the
        columns of :func:`alarm_rate`.
    """

    def row(change: str, level: float, changed: ImageStatistics, draws: int) -> dict[str, Any]:
        rate = alarm_rate(
            unchanged, changed, size=params.size, draws=draws, alpha=params.alpha, seed=params.seed
        )
        return {"change": change, "level": level, "size": params.size} | rate

    rows = [row("none", 0.0, unchanged, params.null_draws)]
    rows += [row(*key, changed, params.draws) for key, changed in changes.items()]
    return pd.DataFrame(rows)


def false_alarm_metrics(table: pd.DataFrame, *, accepted: float) -> Metrics:
    """Returns the rate of false alarms with its interval, and what it was measured with.

    Args:
        table: From :func:`power_table`.
        accepted: Accepted probability of a false alarm.
    """
    unchanged = table.iloc[0]
    return {
        "false_alarms": float(unchanged["alarm_rate"]),
        "false_alarms_low": float(unchanged["alarm_rate_low"]),
        "false_alarms_high": float(unchanged["alarm_rate_high"]),
        "draws": float(unchanged["draws"]),
        "size": float(unchanged["size"]),
        "accepted": accepted,
    }

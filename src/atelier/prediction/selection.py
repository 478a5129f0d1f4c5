"""The pictures that are shown: the surest, the least sure, and the rejected."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from PIL import Image

from atelier.types import Array, Images

PICTURE = "picture"
"""Column of a part's table with the pictures that may be shown, as PNG."""
SHOWN = 12
"""Pictures of each kind."""
KINDS = {"surest": "probability", "least sure": "probability", "rejected": "log_density"}
"""Kind of pictures and the column by which they are chosen; the lowest, but of the surest."""


def candidate_rows(columns: Mapping[str, Array]) -> list[int]:
    """Returns the rows that are among the SHOWN of a kind.

    Args:
        columns: ``probability``, ``log_density`` and ``reject``, (n,) each.
    """
    frame = pd.DataFrame({n: columns[n] for n in ("probability", "log_density", "reject")})
    chosen = choose_pictures(frame)
    return sorted(set(chosen["row"].tolist()))


def choose_pictures(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns the SHOWN rows of each kind, with their ``kind`` and their ``row``.

    Args:
        frame: ``probability``, ``log_density``, ``reject`` and further columns.

    Examples:
        >>> frame = pd.DataFrame(
        ...     {"probability": [0.9, 0.5], "log_density": [1.0, -9.0], "reject": [False, True]}
        ... )
        >>> choose_pictures(frame)[["kind", "row"]].values.tolist()
        [['surest', 0], ['least sure', 0], ['rejected', 1]]
    """
    frame = frame.reset_index(drop=True)
    accepted, rejected = frame[~frame["reject"].astype(bool)], frame[frame["reject"].astype(bool)]
    parts = {
        "surest": accepted.nlargest(SHOWN, "probability"),
        "least sure": accepted.nsmallest(SHOWN, "probability"),
        "rejected": rejected.nsmallest(SHOWN, "log_density"),
    }
    tables = [part.assign(kind=kind, row=part.index) for kind, part in parts.items()]
    return pd.concat(tables, ignore_index=True)


def choose_of_parts(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Returns the SHOWN rows of each kind among those of many parts.

    Args:
        parts: Rows with a picture, part by part; no more than one part is in memory.
    """
    chosen: pd.DataFrame | None = None
    for part in parts:
        joined = part if chosen is None else pd.concat([chosen, part], ignore_index=True)
        chosen = choose_pictures(joined.drop_duplicates(["place"]))
    return chosen if chosen is not None else pd.DataFrame()


def decode_pictures(pictures: Iterable[bytes], shape: tuple[int, ...]) -> Images:
    """Returns chosen pictures as an array, (n, height, width, channels) uint8.

    Args:
        pictures: PNG files.
        shape: Height, width and channels.
    """
    arrays = [np.asarray(Image.open(io.BytesIO(file))).reshape(shape) for file in pictures]
    return np.stack(arrays) if arrays else np.zeros((0, *shape), np.uint8)

"""Prediction sets with a stated coverage: split conformal prediction by LAC, APS and RAPS."""

from collections.abc import Mapping
from typing import Any

from atelier.calibration.adaptive_sets import AdaptiveSets, RegularizedAdaptiveSets
from atelier.calibration.split_conformal import (
    ConformalSets,
    CoverageLaw,
    LeastAmbiguousSets,
    coverage_law,
    coverage_rank,
)

__all__ = [
    "SET_METHODS",
    "AdaptiveSets",
    "ConformalSets",
    "CoverageLaw",
    "LeastAmbiguousSets",
    "RegularizedAdaptiveSets",
    "coverage_law",
    "coverage_rank",
    "sets_from_record",
    "sets_record",
]

SET_METHODS: dict[str, type[ConformalSets]] = {
    "lac": LeastAmbiguousSets,
    "aps": AdaptiveSets,
    "raps": RegularizedAdaptiveSets,
}
"""Methods of prediction sets by their short names."""


def sets_record(fitted: ConformalSets) -> dict[str, Any]:
    """Returns fitted prediction sets as a record of numbers and lists, for JSON.

    Raises:
        ValueError: If they are not fitted, or of another type than those of SET_METHODS.
    """
    names = {kind: name for name, kind in SET_METHODS.items()}
    if type(fitted) not in names or not fitted.is_fitted:
        raise ValueError(
            f"Expected fitted sets, one of {', '.join(SET_METHODS)}. "
            f"Received: {type(fitted).__name__}, fitted: {fitted.is_fitted}"
        )
    return {"method": names[type(fitted)]} | fitted.state()


def sets_from_record(record: Mapping[str, Any]) -> ConformalSets:
    """Returns the fitted prediction sets of a :func:`sets_record`.

    Raises:
        ValueError: If the record names no method of SET_METHODS, or has another state.

    Examples:
        >>> import numpy as np
        >>> fitted = LeastAmbiguousSets(level=0.5).fit(np.array([[0.9, 0.1]]), np.array([0]))
        >>> sets_from_record(sets_record(fitted)).thresholds_.round(2).tolist()
        [0.1, 0.1]
    """
    method = record.get("method")
    if method not in SET_METHODS:
        raise ValueError(f"Expected one of {', '.join(SET_METHODS)}. Received: {method!r}")
    state = {name: value for name, value in record.items() if name != "method"}
    try:
        return SET_METHODS[method].from_state(state)
    except (KeyError, TypeError) as error:
        raise ValueError(f"Expected the state of {method}. Received: {error}") from error

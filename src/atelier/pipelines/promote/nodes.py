"""Nodes of the promote and rollback pipelines."""

import logging
from typing import Any

import pandas as pd

from atelier.promotion.params import PromotionParams
from atelier.training.params import MachineParams
from atelier.types import Arrays, Metrics, Registry

logger = logging.getLogger(__name__)


def promote_newest(
    test: Arrays,
    provenance: dict[str, Any],
    registry: Registry,
    params: PromotionParams,
    machine: MachineParams,
) -> tuple[pd.DataFrame, Metrics, str, Any]:
    """The comparison, its numbers, the verdict, and the figure."""
    from atelier.promotion.decision import promote
    from atelier.promotion.figures import gains_figure
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    decision = promote(registry, test, params)
    headline = decision.verdict.splitlines()[0]
    logger.info("%s: %s", registry.name, headline)
    metrics = {
        f"{row['measure']}_{key}": float(row[key])
        for row in decision.table.to_dict("records")
        for key in ("challenger", "champion", "gain", "low", "high")
    } | {"promoted": float(decision.promoted)}
    title = f"{provenance['name']}: {headline}"
    return decision.table, metrics, decision.verdict, gains_figure(decision.table, title=title)


def roll_back_champion(registry: Registry) -> str:
    """What was rolled back to what."""
    with registry.lock():
        moved = registry.roll_back()
    if moved is None:
        words = f"{registry.name}: nothing to roll back to, no champion was followed by another."
        logger.warning(words)
        return words
    words = f"{registry.name}: version {moved[0]} is withdrawn, version {moved[1]} is champion."
    logger.info(words)
    return words

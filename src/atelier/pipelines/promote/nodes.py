"""Nodes of the promote and rollback pipelines."""

import logging
from typing import Any

import pandas as pd

from atelier import promotion, training
from atelier.types import Arrays, Metrics, Registry

logger = logging.getLogger(__name__)


def promote_newest(
    test: Arrays,
    provenance: dict[str, Any],
    registry: Registry,
    params: promotion.PromotionParams,
    machine: training.MachineParams,
) -> tuple[pd.DataFrame, Metrics, str, Any]:
    """Promotes the newest version if it is no worse: comparison, metrics, verdict, figure."""
    training.make_reproducible(machine.seed, machine.threads)
    decision = promotion.promote(registry, test, params)
    logger.info("%s: %s", registry.name, decision.headline)
    title = f"{provenance['name']}: {decision.headline}"
    figure = promotion.figures.gains_figure(decision.table, title=title)
    return decision.table, decision.metrics, decision.verdict, figure


def roll_back_champion(registry: Registry) -> str:
    """Rolls the champion back and returns a sentence about it."""
    changed, text = promotion.roll_back(registry)
    logger.log(logging.INFO if changed else logging.WARNING, text)
    return text

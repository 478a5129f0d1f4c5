"""Promotion: whether a new model becomes the champion of its registry, and the way back."""

from typing import NamedTuple

import pandas as pd

from atelier.promotion.comparison import (
    compare_models,
    comparison_text,
    evaluate_models,
    is_no_worse,
)
from atelier.promotion.params import PromotionParams
from atelier.types import Arrays, Metrics, Registry


class Decision(NamedTuple):
    """The result of a promotion."""

    table: pd.DataFrame
    """From :func:`compare_models`; a first champion is compared with itself."""
    verdict: str
    """Text; its first line is the decision."""
    promoted: bool
    """Whether the registry has another champion now."""

    @property
    def headline(self) -> str:
        """The decision in one sentence."""
        return self.verdict.splitlines()[0]

    @property
    def metrics(self) -> Metrics:
        """``promoted``, and of each measure both values and the gain with its limits."""
        return {
            f"{row['measure']}_{key}": float(row[key])
            for row in self.table.to_dict("records")
            for key in ("challenger", "champion", "gain", "low", "high")
        } | {"promoted": float(self.promoted)}


def promote(registry: Registry, test: Arrays, params: PromotionParams) -> Decision:
    """Makes the newest version the champion if it is better or no worse by every measure.

    The registry is locked meanwhile: of two promotions at once the second sees the result of the
    first. A version that was rolled back is not promoted again.

    Args:
        registry: Registry of the model.
        test: Held-out ``images`` and ``labels`` on which neither model was trained.
        params: Margins, and how the intervals are computed.

    Returns:
        The comparison, the verdict, and whether the champion changed.

    Raises:
        ValueError: If the two versions have different numbers of classes.
    """
    with registry.lock():
        newest, champion = registry.newest(), registry.champion()
        versions = [newest] if champion in (None, newest) else [newest, str(champion)]
        models = [registry.model(version) for version in versions]
        evaluations = evaluate_models(models, test["images"], params)
        classes = [evaluation.probabilities.shape[1] for evaluation in evaluations]
        if len(set(classes)) > 1:
            raise ValueError(
                f"{registry.name}: Expected versions {newest} and {champion} of the same classes. "
                f"Received: {classes[0]} and {classes[1]} classes. They were trained on other "
                "data: register models of these under another name (--params registry=NAME)"
            )
        table = compare_models(evaluations[0], evaluations[-1], test["labels"], params)
        promoted, headline = _decide(registry, table, newest, champion)
        verdict = f"{headline}\n\n{comparison_text(table, images=len(test['labels']))}"
        if promoted:
            registry.set_champion(newest, verdict)
        else:
            registry.record_verdict(newest, verdict)
    return Decision(table, verdict, promoted)


def _decide(
    registry: Registry, table: pd.DataFrame, newest: str, champion: str | None
) -> tuple[bool, str]:
    """Returns whether the newest version becomes the champion, and the decision as a sentence."""
    if champion is None:
        return True, f"Version {newest} is the first champion: there was none to compare it with."
    if champion == newest:
        return False, f"Version {newest} is the champion already."
    remains = f"Version {champion} stays champion"
    if registry.is_rolled_back(newest):
        return False, f"{remains}: version {newest} was rolled back."
    if is_no_worse(table):
        reason = "it is better or no worse by every measure"
        return True, f"Version {newest} replaces version {champion}: {reason}."
    worse = ", ".join(table.loc[table["verdict"] == "may be worse", "measure"])
    return False, f"{remains}: version {newest} may be worse by {worse}."


def roll_back(registry: Registry) -> tuple[bool, str]:
    """Makes the champion before the present one the champion again.

    Args:
        registry: Registry of the model; it is locked meanwhile.

    Returns:
        Whether the champion changed, and a sentence about it.
    """
    with registry.lock():
        versions = registry.roll_back()
    if versions is None:
        return False, f"{registry.name}: nothing to roll back, no champion replaced another."
    newer, older = versions
    return True, f"{registry.name}: version {newer} is rolled back, version {older} is champion."

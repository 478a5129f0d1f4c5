"""What a served model decides by, as text and tags of its version in the registry."""

import pandas as pd

from atelier.calibration.conformal import ConformalSets
from atelier.calibration.rejection_study import RejectionRule
from atelier.calibration.selection import TEMPERATURE, selection_text
from atelier.types import Metrics

METHODS = {"LeastAmbiguousSets": "LAC", "AdaptiveSets": "APS", "RegularizedAdaptiveSets": "RAPS"}


def chosen_method(selection: pd.DataFrame) -> str:
    """Returns the name of the method that a :func:`selection_table` chose."""
    return str(selection.loc[selection["chosen"], "method"].iloc[0])


def choice_text(selection: pd.DataFrame) -> str:
    """Returns the chosen calibrator with its margin, for the version of a model.

    Args:
        selection: From :func:`atelier.calibration.selection_table`.
    """
    text = selection_text(selection)
    if chosen_method(selection) != TEMPERATURE:
        return text
    return f"{text.split(', gain over')[0]}; temperature: nothing better beyond noise"


def sets_text(sets: ConformalSets, metrics: Metrics) -> str:
    """Returns what the served sets say, with their coverage and size on the test split.

    Args:
        sets: The fitted sets.
        metrics: From :func:`atelier.calibration.set_metrics`.
    """
    method = METHODS[type(sets).__name__]
    kind = f"{method} for each class" if sets.by_class else method
    interval = f"{metrics['coverage_low']:.4f} to {metrics['coverage_high']:.4f}"
    return (
        f"level {sets.level:g} ({kind}); test coverage {metrics['coverage']:.4f} (95 % interval "
        f"{interval}, n = {metrics['n']:.0f}), mean size {metrics['mean_size']:.3f}"
    )


def decision_card(
    selection: pd.DataFrame, sets: ConformalSets, metrics: Metrics, rejection: RejectionRule
) -> tuple[str, dict[str, str]]:
    """Returns what the served model decides by, as Markdown and as tags.

    Args:
        selection: From :func:`atelier.calibration.selection_table`.
        sets: The sets that the model answers.
        metrics: Their :func:`atelier.calibration.set_metrics`.
        rejection: The rule of rejection.

    Returns:
        The Markdown, and the tags by name.
    """
    tags = {
        "calibrator_choice": choice_text(selection),
        "set_level": f"{sets.level:g}",
        "sets": sets_text(sets, metrics),
        "rejection": rejection.text,
    }
    description = f"""\
Calibrator: {tags["calibrator_choice"]}.

`set`: whether each class is in the prediction set, {tags["sets"]}.

`reject`: {tags["rejection"]}; and blank images."""
    return description, tags

"""The whole study of a model's logits: calibrators, measures, the choice, and mistakes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from atelier.calibration.calibrators import calibrated_probabilities, fit_calibrators
from atelier.calibration.decisions import Decisions, study_decisions
from atelier.calibration.mistakes import MistakeStudy, study_mistakes
from atelier.calibration.own_logits import LabelledLogits, divide_logits
from atelier.calibration.rejection_study import stored_density
from atelier.calibration.saving import calibrator_record
from atelier.calibration.selection import ChooseFrom, chosen_calibrator, selection_table
from atelier.calibration.tables import calibration_table
from atelier.data.checks import splits_digest
from atelier.types import Array, Arrays


@dataclass(frozen=True)
class CalibrationFindings:
    """What the page shows.

    Attributes:
        provenance: From :func:`logit_provenance`.
        probabilities: Of each method on the test part, the first uncalibrated.
        labels: Of the test part.
        table: From :func:`atelier.calibration.calibration_table`.
        selection: From :func:`atelier.calibration.selection_table`.
        calibrator: The record of the chosen calibrator.
        mistakes: How well scores tell right predictions from wrong ones.
        decisions: Prediction sets, and rejection at a stated risk.
    """

    provenance: Mapping[str, Any]
    probabilities: Mapping[str, Array]
    labels: Array
    table: pd.DataFrame
    selection: pd.DataFrame
    calibrator: Mapping[str, Any]
    mistakes: MistakeStudy
    decisions: Decisions

    @property
    def chosen(self) -> str:
        """The name of the chosen method."""
        return str(self.selection.loc[self.selection["chosen"], "method"].iloc[0])


def study_logits(
    labelled: LabelledLogits,
    names: Sequence[str],
    *,
    folds: int,
    resamples: int,
    seed: int,
    choose_from: ChooseFrom = "all",
) -> CalibrationFindings:
    """Calibrates, measures and chooses.

    Args:
        labelled: The logits.
        names: Names in CALIBRATORS, temperature scaling among them.
        folds: Folds of the calibration part.
        resamples: Samples that the bootstrap draws.
        seed: Seed of halves, folds and bootstrap.
        choose_from: Whether only calibrators that change no prediction may be chosen, or all.

    Returns:
        Tables of measures and of the choice, and the chosen calibrator.
    """
    parts = divide_logits(labelled, seed=seed)
    held_out = parts["calibration_logits"], parts["calibration_labels"]
    fitted = fit_calibrators(*held_out, names)
    probs = calibrated_probabilities(fitted, parts["test_logits"])
    scaling: Any = fitted["temperature"]
    selection = selection_table(
        *held_out,
        names,
        folds=folds,
        seed=seed,
        resamples=resamples,
        choose_from=choose_from,
    )
    _, best = chosen_calibrator(*held_out, selection)
    mistakes = study_mistakes(
        parts, labelled.kind, temperature=scaling.temperature_, seed=seed, resamples=resamples
    )
    return CalibrationFindings(
        provenance=logit_provenance(labelled, parts),
        probabilities=probs,
        labels=parts["test_labels"],
        table=calibration_table(probs, parts["test_labels"], seed=seed, resamples=resamples),
        selection=selection,
        calibrator=calibrator_record(best, class_names=labelled.classes),
        mistakes=mistakes,
        decisions=study_decisions(
            parts,
            best,
            temperature=scaling.temperature_,
            density=stored_density(mistakes.density),
            folds=folds,
            resamples=resamples,
            seed=seed,
        ),
    )


def logit_provenance(labelled: LabelledLogits, parts: Arrays) -> dict[str, Any]:
    """Returns the record of where logits came from.

    Args:
        labelled: The logits.
        parts: From :func:`atelier.calibration.divide_logits`.
    """
    counts = {
        name.removesuffix("_labels"): len(array)
        for name, array in parts.items()
        if name.endswith("_labels")
    }
    return {
        "name": Path(labelled.name).name,
        "source": labelled.kind,
        "citation": f"{sum(counts.values()):,} rows of {len(labelled.classes)} classes",
        "digest": splits_digest({"logits": parts}),
        "kind": labelled.kind,
        "classes": list(labelled.classes),
        "counts": counts,
        "split": "drawn, seeded" if labelled.split is None else "as the file says",
    }

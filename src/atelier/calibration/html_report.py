"""The page about the calibration of any model: text, tables and figures in one HTML file."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from atelier.calibration import (
    figures,
    gain_figures,
    mistake_figures,
    rejection_figures,
    set_figures,
)
from atelier.calibration.calibrators import CALIBRATORS
from atelier.calibration.logit_study import CalibrationFindings, study_logits
from atelier.calibration.own_logits import are_probabilities, label_logits
from atelier.calibration.rejection_study import CALIBRATED, ScoredSplit
from atelier.calibration.report_sentences import (
    SET_LEVEL,
    confidence_sentence,
    rejection_sentence,
    set_sentence,
)
from atelier.calibration.selection import UNCALIBRATED
from atelier.plotting import write_png
from atelier.storage.atomic_write import write_atomically

MEASURES = {
    "nll_gain": ("gain in NLL, nats", ""),
    "brier_gain": ("gain in Brier score", ""),
    "ece": ("ECE", "%"),
    "accuracy": ("accuracy", "%"),
    "changed": ("predictions changed", "%"),
    "ace": ("ECE, equal mass", "%"),
    "classwise": ("class-wise ECE", "%"),
    "debiased": ("debiased ECE", "%"),
    "smooth": ("smooth ECE", "%"),
    "mce": ("MCE", "%"),
}
"""Headings and units of the table's columns."""
PARTS = {
    "nll": "NLL, nats",
    "nll_refinement": "its refinement",
    "nll_calibration": "its calibration",
    "brier": "Brier score",
    "brier_refinement": "its refinement",
    "brier_calibration": "its calibration",
}
"""Headings of the scores and their parts."""
SCORES = ("nll", "brier")
TESTS = {"ks": ("KS error", "%"), "kuiper": ("Kuiper error", "%"), "skce": ("SKCE", "10⁻³")}
"""Headings and units of the tests of calibration."""
UNITS = {"%": (100, 2), "10⁻³": (1000, 3), "": (1, 4)}
"""Factor and digits of each unit."""
SELECTION = ("nll", "gain", "over_temperature")


def report(
    logits: Any,
    labels: Any,
    *,
    probabilities: bool | None = None,
    classes: Sequence[str] | None = None,
    split: Any = None,
    path: str | Path | None = None,
    name: str = "model",
    calibrators: Sequence[str] = tuple(CALIBRATORS),
    folds: int = 5,
    resamples: int = 200,
    seed: int = 0,
) -> str:
    """Returns a page about the calibration of any model's predictions: HTML that needs no file.

    Half of the rows, or those that ``split`` calls ``calibration``, fit and choose a calibrator;
    all measures are taken on the others. The page offers the chosen calibrator as a file for
    :func:`atelier.calibration.load_calibrator`.

    Args:
        logits: (n, classes ≥ 2), or probabilities, rows that sum to 1.
        labels: (n,), integers in [0, classes), or names of classes.
        probabilities: Whether ``logits`` are probabilities; None decides by the rows' sums.
        classes: Names of the classes.
        split: The part of each row, (n,): ``calibration``, ``test``, and optionally ``train``, to
            which density models are fitted. None draws two halves within each class.
        path: Where to write the page as well.
        name: Name of the model, for the title.
        calibrators: Names in CALIBRATORS.
        folds: Folds of the calibration part, by which the calibrator is chosen.
        resamples: Samples that the bootstrap draws for each interval.
        seed: Seed of halves, folds and bootstrap.

    Returns:
        The page.

    Raises:
        ValueError: If an array is not as described (see :func:`label_logits`).

    Examples:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> labels = rng.integers(0, 3, 300)
        >>> logits = rng.normal(0, 2, (300, 3)) + 3 * np.eye(3)[labels]
        >>> page = report(logits, labels, calibrators=["temperature"], resamples=20)
        >>> page[:15], "ECE" in page
        ('<!doctype html>', True)
    """
    is_probability = are_probabilities(logits) if probabilities is None else probabilities
    labelled = label_logits(
        logits,
        labels,
        kind="probabilities" if is_probability else "logits",
        classes=classes,
        split=split,
        name=name,
    )
    names = tuple(dict.fromkeys((*calibrators, "temperature")))
    page = render_calibration_page(
        study_logits(labelled, names, folds=folds, resamples=resamples, seed=seed)
    )
    if path is not None:
        write_atomically(Path(path), page.encode())
    return page


def render_calibration_page(findings: CalibrationFindings) -> str:
    """Returns the page as HTML that loads nothing else."""
    environment = Environment(
        loader=PackageLoader("atelier.calibration", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    chosen = findings.chosen
    return environment.get_template("report.html.j2").render(
        provenance=findings.provenance,
        sentence=confidence_sentence(findings),
        chosen=figures.method_title(chosen),
        is_calibrated=chosen != UNCALIBRATED,
        cards=_cards(findings.table, chosen),
        selection=[_selection_row(row) for row in findings.selection.to_dict("records")],
        headings=_headings(MEASURES),
        rows=[_measure_row(row, chosen) for row in findings.table.to_dict("records")],
        part_headings=[*PARTS.values(), *_headings(TESTS)],
        part_rows=[_part_row(row, chosen) for row in findings.table.to_dict("records")],
        gains=_picture(_gains(findings)),
        n=len(findings.labels),
        download=_address("application/json", json.dumps(dict(findings.calibrator)).encode()),
        reliability=_picture(_reliability(findings)),
        mistakes=_picture(_mistakes(findings)),
        density_part=findings.mistakes.density_part,
        sets=_picture(_sets(findings)),
        set_sentence=set_sentence(findings.decisions.sets, findings.provenance["classes"]),
        rejection=_picture(_rejection(findings)),
        rejection_sentence=rejection_sentence(findings.decisions.rejection),
    )


def _headings(columns: Mapping[str, tuple[str, str]]) -> list[str]:
    """Returns the headings of columns with their units."""
    return [f"{title}, {unit}" if unit else title for title, unit in columns.values()]


def _reliability(findings: CalibrationFindings) -> Figure:
    return figures.reliability_figure(
        findings.probabilities,
        findings.labels,
        findings.table,
        title=f"Reliability on {len(findings.labels):,} test examples, 15 bins",
        examples="examples",
    )


def _gains(findings: CalibrationFindings) -> Figure:
    title = f"Gain over the uncalibrated model on {len(findings.labels):,} test examples"
    return gain_figures.gain_figure(findings.table, title=title)


def _mistakes(findings: CalibrationFindings) -> Figure:
    correct = findings.mistakes.correct
    title = f"Confidence in {correct.sum():,} right and {(~correct).sum():,} wrong predictions"
    return mistake_figures.confident_mistakes_figure(findings.mistakes, title=title)


def _sets(findings: CalibrationFindings) -> Figure:
    title = f"Prediction sets on {len(findings.labels):,} test examples"
    tables = findings.decisions
    return set_figures.set_figure(tables.sets, tables.set_sizes, level=SET_LEVEL, title=title)


def _rejection(findings: CalibrationFindings) -> Figure:
    probs = findings.probabilities[findings.chosen]
    scores = {**findings.mistakes.scores, CALIBRATED: probs.max(axis=1)}
    test = ScoredSplit(scores, probs.argmax(axis=1) != findings.labels)
    title = f"Risk of the accepted ones among {len(findings.labels):,} test examples"
    return rejection_figures.risk_coverage_figure(findings.decisions.rejection, test, title=title)


def _cards(table: pd.DataFrame, chosen: str) -> list[tuple[str, str, str]]:
    """Returns label, value and note of the numbers at the top."""
    rows = {row["method"]: row for row in table.to_dict("records")}
    before, after = rows[UNCALIBRATED], rows[chosen]
    cards = [("accuracy", _text(before, "accuracy", "%"), _interval(before, "accuracy", "%"))]
    if chosen != UNCALIBRATED:
        gain = _text(after, "nll_gain", ""), _interval(after, "nll_gain", "")
        cards.append(("gain in NLL, nats", *gain))
    for name, label, unit in (("nll", "NLL, nats", ""), ("ece", "ECE", "%")):
        note = _interval(before, name, unit)
        value = _text(before, name, unit)
        if chosen != UNCALIBRATED:
            note = f"{value} → {_text(after, name, unit)}; then {_interval(after, name, unit)}"
            value = _text(after, name, unit)
        cards.append((label if chosen == UNCALIBRATED else f"{label} after", value, note))
    return cards


def _measure_row(row: Any, chosen: str) -> dict[str, Any]:
    cells = [
        (_text(row, name, unit), "" if name == "changed" else _interval(row, name, unit))
        for name, (_, unit) in MEASURES.items()
    ]
    title = figures.method_title(str(row["method"]))
    return {"title": title, "cells": cells, "is_chosen": row["method"] == chosen}


def _part_row(row: Any, chosen: str) -> dict[str, Any]:
    """Returns the scores and their parts, and each test's statistic above its p-value."""
    cells = [
        (_text(row, name, ""), _interval(row, name, "") if name in SCORES else "") for name in PARTS
    ]
    for name, (_, unit) in TESTS.items():
        cells.append((_text(row, name, unit), _p_value(float(row[f"{name}_p"]))))
    title = figures.method_title(str(row["method"]))
    return {"title": title, "cells": cells, "is_chosen": row["method"] == chosen}


def _p_value(p_value: float) -> str:
    """Returns a p-value as a page shows it.

    Examples:
        >>> _p_value(0.0312), _p_value(1e-9)
        ('p = 0.031', 'p < 0.001')
    """
    return f"p = {p_value:.3f}" if p_value >= 0.001 else "p < 0.001"


def _selection_row(row: Any) -> dict[str, Any]:
    return {
        "title": figures.method_title(str(row["method"])),
        "cells": [(_text(row, name, ""), _interval(row, name, "")) for name in SELECTION],
        "is_chosen": bool(row["chosen"]),
    }


def _text(row: Any, name: str, unit: str) -> str:
    scale, digits = UNITS[unit]
    return f"{scale * float(row[name]):.{digits}f}".replace("-", "−")


def _interval(row: Any, name: str, unit: str) -> str:
    return " … ".join(_text(row, f"{name}_{end}", unit) for end in ("low", "high"))


def _picture(figure: Figure) -> str:
    buffer = io.BytesIO()
    write_png(figure, buffer, dpi=130)
    return _address("image/png", buffer.getvalue())


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"

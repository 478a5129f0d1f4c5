"""What a study of the number of annotated images found, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from atelier.segmentation.annotation import SHOWN_MEASURES, least_above_otsu


def describe_annotation(summary: pd.DataFrame) -> str:
    """Describes in words what each number of annotated images brings, in Markdown.

    Args:
        summary: As :func:`summarize_annotation` returns it.
    """
    first = summary.iloc[-1]
    lines = [
        f"Means over {first['images']} test images and {first['draws']} draws of the training "
        "images, at an IoU of 0.5; 95 % intervals over images and draws.",
        "",
        "| annotated images | F1 | average precision | paired gain in F1 over Otsu |",
        "|---|---|---|---|",
    ]
    by_measure = {name: summary[summary["measure"] == name] for name in SHOWN_MEASURES}
    for f1, ap in zip(*(rows.to_dict("records") for rows in by_measure.values()), strict=True):
        name = f1["annotated"] or "none: Otsu and watershed"
        cells = [_text(f1, "value", ""), _text(ap, "value", "")]
        cells.append(_text(f1, "gain", "gain_") if f1["annotated"] else "")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", _conclusion(by_measure["f1"])]) + "\n"


def _text(row: Mapping[Any, Any], value: str, prefix: str) -> str:
    text = f"{row[value]:.3f} [{row[f'{prefix}low']:.3f}, {row[f'{prefix}high']:.3f}]"
    return text.replace("-", "−")


def _conclusion(f1: pd.DataFrame) -> str:
    """Says from which number on U-Net is better than Otsu, and where it is near its best."""
    least, unet = least_above_otsu(f1), f1[f1["annotated"] > 0]
    largest = unet.iloc[unet["annotated"].argmax()]
    near = unet.loc[unet["value"] >= largest["value"] - 0.01, "annotated"].min()
    above = "for no N" if least is None else f"from N = {least} on"
    return (
        "With N annotated images, the interval of U-Net's gain in F1 over Otsu lies above 0 "
        f"{above}. "
        f"The least N whose F1 lies within 0.01 of that of N = {largest['annotated']}, or above, "
        f"is {near}."
    )

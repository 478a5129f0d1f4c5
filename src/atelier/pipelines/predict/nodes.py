"""Nodes of the predict pipeline."""

from typing import Any

import pandas as pd

from atelier import prediction
from atelier.prediction.params import LabellingParams
from atelier.types import Arrays, Metrics


def label_pictures(
    pictures: prediction.PictureSource,
    model: prediction.ServedModel,
    params: LabellingParams,
    results: Any,
) -> tuple[pd.DataFrame, Arrays, pd.DataFrame, Metrics]:
    """Labels each picture; writes their table part by part as it goes."""
    predictions = prediction.label_pictures(
        pictures,
        prediction.with_rule(model, params),
        results,
        prediction.choose_executor(params.address),
        part=params.part,
        threads=params.threads,
    )
    prediction.check_readable(predictions, params.unreadable)
    selected = predictions.selected
    images = prediction.decode_pictures(selected["picture"], model.rule.shape)
    table = selected.drop(columns="picture")
    metrics = prediction.prediction_metrics(predictions)
    return table, {"images": images}, predictions.unreadable, metrics


def draw_predictions(
    selected: pd.DataFrame, images: Arrays, metrics: Metrics, model: prediction.ServedModel
) -> Any:
    """Draws the surest, the least sure and the rejected pictures."""
    title = (
        f"{int(metrics['n']):,} pictures by {model.title}\n"
        f"{metrics['rejected_share']:.1%} rejected, mean probability "
        f"{metrics['mean_probability']:.3f}"
    )
    return prediction.figures.prediction_sheet_figure(selected, images["images"], title=title)

"""Nodes of the style_transfer pipeline."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from atelier import data, style_transfer
from atelier.data.vgg_weights import VggWeights
from atelier.style_transfer.params import GridParams, StyleParams
from atelier.types import Animation, Array, Arrays, Metrics, RunSinks


def describe_weights(vgg_weights: VggWeights) -> dict[str, Any]:
    """Returns the name and the digest of the network's weights."""
    return {"name": vgg_weights.name, "digest": vgg_weights.digest}


def transfer_styles(
    content: Array,
    styles: Mapping[str, Array],
    photographs: Mapping[str, Array],
    vgg_weights: VggWeights,
    params: StyleParams,
    sinks: RunSinks,
) -> tuple[Arrays, Arrays, pd.DataFrame]:
    """Computes every transfer, its frames and its losses; continues after an interruption."""
    weights = style_transfer.transfer_weights(vgg_weights, photographs, params.transfer)
    rgb = data.to_rgb(content)
    results = {
        painting.name: style_transfer.transfer(
            rgb,
            style_transfer.select_styles(styles, painting.styles),
            weights,
            params.transfer,
            curve=sinks.metric_log(painting.name),
            album=sinks.image_log(painting.name),
            checkpoint=sinks.checkpoint(painting.name),
        )
        for painting in params.paintings
    }
    losses = [pd.DataFrame(r.history).assign(painting=name) for name, r in results.items()]
    images = {name: result.image for name, result in results.items()}
    frames = {name: result.frames for name, result in results.items()}
    return images, frames, pd.concat(losses, ignore_index=True)


def transfer_grid(
    content: Array,
    styles: Mapping[str, Array],
    photographs: Mapping[str, Array],
    vgg_weights: VggWeights,
    params: StyleParams,
    grid: GridParams,
    sinks: RunSinks,
) -> Arrays:
    """Computes the first transfer at a small size with every start and style weight."""
    weights = style_transfer.transfer_weights(vgg_weights, photographs, params.transfer)
    rgb = data.to_rgb(content)
    selected = style_transfer.select_styles(styles, params.paintings[0].styles)
    extractor = style_transfer.build_feature_extractor(weights, params.transfer)
    return {
        cell.name: style_transfer.transfer(
            rgb,
            selected,
            weights,
            grid.transfer_params(params.transfer, cell),
            curve=[],
            album=[],
            checkpoint=sinks.checkpoint(f"grid.{cell.name}"),
            extractor=extractor,
        ).image
        for cell in grid.cells()
    }


def measure_style_errors(
    content: Array,
    styles: Mapping[str, Array],
    photographs: Mapping[str, Array],
    vgg_weights: VggWeights,
    paintings: Arrays,
    grid: Arrays,
    params: StyleParams,
    sinks: RunSinks,
) -> Metrics:
    """Measures the distances to style and content, and clears the checkpoints."""
    sinks.clear()
    weights = style_transfer.transfer_weights(vgg_weights, photographs, params.transfer)
    extractor = style_transfer.build_feature_extractor(weights, params.transfer)
    rgb = data.to_rgb(content)
    metrics: Metrics = {}
    for painting in params.paintings:
        picture = data.to_rgb(paintings[painting.name])
        selected = style_transfer.select_styles(styles, painting.styles)
        errors = style_transfer.evaluation.transfer_metrics(extractor, picture, rgb, selected)
        metrics |= {f"{painting.name}.{name}": value for name, value in errors.items()}
    return metrics


def draw_style_transfer(
    content: Array,
    styles: Mapping[str, Array],
    paintings: Arrays,
    frames: Arrays,
    grid_pictures: Arrays,
    losses: pd.DataFrame,
    provenance: dict[str, Any],
    params: StyleParams,
    grid: GridParams,
) -> tuple[Any, Any, Any, Arrays, Animation]:
    """Draws the results beside their sources, the losses, the grid, and an animation."""
    figures, first = style_transfer.figures, params.paintings[0].name
    title = f"Style transfer by {provenance['name']}"
    return (
        figures.transfers_figure(content, styles, paintings, params.paintings, title=title),
        figures.losses_figure(losses, title="Weighted loss by layer; dotted: a larger image"),
        figures.style_grid_figure(
            grid_pictures,
            grid,
            content_weight=params.transfer.content_weight,
            title=f"{first} by start and style weight, {grid.scale.iterations} iterations",
        ),
        paintings,
        Animation(frames[first], 0.25),
    )

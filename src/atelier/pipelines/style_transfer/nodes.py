"""Nodes of the style_transfer pipeline."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from atelier.data.vgg_weights import VggWeights
from atelier.style_transfer.params import GridParams, PaintingParams, StyleParams, TransferParams
from atelier.types import Animation, Array, Arrays, Metrics, RunSinks

REFERENCE_SIDE = 256
"""Of the photos that a normalised network's mean activations are taken from, pixels."""
SHOWN_SIDE = 1024
"""Longer side of a picture in a figure, pixels, at most."""


def describe_weights(trunk: VggWeights) -> dict[str, Any]:
    """Which network sees the pictures."""
    return {"name": trunk.name, "digest": trunk.digest}


def transfer_styles(
    content: Array,
    styles: Mapping[str, Array],
    photographs: Mapping[str, Array],
    trunk: VggWeights,
    params: StyleParams,
    studio: RunSinks,
) -> tuple[Arrays, Arrays, pd.DataFrame]:
    """Every painting, its pictures on the way, its losses; goes on where a killed run stopped."""
    from atelier.data.pictures import to_rgb
    from atelier.style_transfer.synthesis import transfer
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.transfer.seed, params.transfer.threads)
    weights = _weights(trunk, photographs, params.transfer)
    painted, frames, tables = {}, {}, []
    rgb = to_rgb(content)
    for one in params.paintings:
        painting = transfer(
            rgb,
            _styles_of(one, styles),
            weights,
            params.transfer,
            curve=studio.metric_log(one.name),
            album=studio.image_log(one.name),
            checkpoint=studio.checkpoint(one.name),
        )
        painted[one.name], frames[one.name] = painting.image, painting.frames
        tables.append(pd.DataFrame(painting.history).assign(painting=one.name))
    return painted, frames, pd.concat(tables, ignore_index=True)


def _weights(trunk: VggWeights, photographs: Mapping[str, Array], params: TransferParams) -> Arrays:
    from atelier.data.pictures import resize_longer_side, to_rgb
    from atelier.style_transfer.vgg import normalised

    if not params.normalised:
        return trunk.weights
    small = [
        resize_longer_side(to_rgb(photograph), REFERENCE_SIDE)
        for photograph in photographs.values()
    ]
    return normalised(trunk.weights, small, pooling=params.pooling)


def _styles_of(painting: PaintingParams, styles: Mapping[str, Array]) -> list[Any]:
    from atelier.data.pictures import to_rgb
    from atelier.style_transfer.objective import Style

    unknown = sorted(set(painting.styles) - set(styles))
    if unknown:
        raise ValueError(f"Expected styles out of {sorted(styles)}. Received: {unknown}")
    return [Style(to_rgb(styles[name]), share) for name, share in painting.styles.items()]


def transfer_grid(
    content: Array,
    styles: Mapping[str, Array],
    photographs: Mapping[str, Array],
    trunk: VggWeights,
    params: StyleParams,
    grid: GridParams,
    studio: RunSinks,
) -> Arrays:
    """The first painting small, for every start (rows) and style weight (columns)."""
    from atelier.data.pictures import to_rgb
    from atelier.style_transfer.synthesis import transfer
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.transfer.seed, params.transfer.threads)
    weights = _weights(trunk, photographs, params.transfer)
    painted = {}
    rgb, parts = to_rgb(content), _styles_of(params.paintings[0], styles)
    for start, style_weight in grid.cells():
        name = f"{start}.{style_weight:g}"
        cell = params.transfer.model_copy(
            update={
                "start": start,
                "style_weight": style_weight,
                "scales": (grid.scale,),
                "every": grid.scale.iterations,
            }
        )
        painted[name] = transfer(
            rgb,
            parts,
            weights,
            cell,
            curve=[],
            album=[],
            checkpoint=studio.checkpoint(f"grid.{name}"),
        ).image
    return painted


def measure_style_errors(
    content: Array,
    styles: Mapping[str, Array],
    photographs: Mapping[str, Array],
    trunk: VggWeights,
    painted: Arrays,
    grid: Arrays,
    params: StyleParams,
    studio: RunSinks,
) -> Metrics:
    """How near each painting is to style and content. All is saved by now: checkpoints can go."""
    from atelier.data.pictures import resize_to, to_rgb
    from atelier.style_transfer.evaluation import content_error, style_error
    from atelier.style_transfer.objective import build_feature_extractor
    from atelier.training.reproducibility import make_reproducible

    studio.clear()
    make_reproducible(params.transfer.seed, params.transfer.threads)
    network = build_feature_extractor(
        _weights(trunk, photographs, params.transfer), params.transfer
    )
    metrics: Metrics = {}
    rgb = to_rgb(content)
    for one in params.paintings:
        picture, parts = to_rgb(painted[one.name]), _styles_of(one, styles)
        unpainted = resize_to(rgb, picture.shape[:2])
        metrics |= {
            f"{one.name}.style_error": style_error(network, picture, parts),
            f"{one.name}.style_error_of_content": style_error(network, unpainted, parts),
            f"{one.name}.content_error": content_error(network, picture, unpainted),
        }
    return metrics


def draw_style_transfer(
    content: Array,
    styles: Mapping[str, Array],
    painted: Arrays,
    frames: Arrays,
    grid_pictures: Arrays,
    losses: pd.DataFrame,
    provenance: dict[str, Any],
    params: StyleParams,
    grid: GridParams,
) -> tuple[Any, Any, Any, Arrays, Animation]:
    """The paintings beside what they are made of, the losses, the contact sheet, the film."""
    from atelier.style_transfer.figures import losses_figure, paintings_figure, style_grid_figure

    shown = {name: _shown(style) for name, style in styles.items()}
    parts = {
        one.name: {f"{name} × {share:g}": shown[name] for name, share in one.styles.items()}
        for one in params.paintings
    }
    film = frames[params.paintings[0].name]
    alpha = params.transfer.content_weight
    cells = {cell: grid_pictures[f"{cell[0]}.{cell[1]:g}"] for cell in grid.cells()}
    ratios = {weight: weight / alpha if alpha else float("inf") for weight in grid.style_weights}
    sheet = {(start, ratios[weight]): picture for (start, weight), picture in cells.items()}
    seen = provenance["name"]
    return (
        paintings_figure(_shown(content), painted, parts, title=f"Style transfer by {seen}"),
        losses_figure(losses, title="Weighted loss by layer; dotted: a larger picture"),
        style_grid_figure(
            sheet,
            grid.starts,
            list(ratios.values()),
            title=f"{params.paintings[0].name}: start and weight of the style, "
            f"{grid.scale.iterations} iterations",
        ),
        painted,
        Animation(film, 0.25),
    )


def _shown(picture: Array) -> Array:
    """A picture for a figure, RGB: a photograph of megapixels would take seconds to draw."""
    from atelier.data.pictures import average_areas, longer_side_shape, to_rgb

    rgb = to_rgb(picture)
    return average_areas(rgb, longer_side_shape(rgb.shape, min(SHOWN_SIDE, max(rgb.shape))))

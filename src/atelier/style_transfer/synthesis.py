"""A content painted in a style: coarse to fine, kept on the way, taken up where it stopped."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from atelier.data.pictures import longer_side_shape, resize_longer_side, resize_to
from atelier.style_transfer.colours import (
    luminance,
    match_colours,
    match_luminance,
    restore_colours,
)
from atelier.style_transfer.objective import Objective, Style, build_feature_extractor
from atelier.style_transfer.optimizers import ImageOptimizer, build_image_optimizer
from atelier.style_transfer.params import TransferParams
from atelier.style_transfer.vgg import from_vgg, to_vgg
from atelier.training.fitting import fingerprint
from atelier.training.resume import history_from_arrays, history_to_arrays
from atelier.types import Array, Arrays, Checkpoint, ImageLog, Images, MetricLog

logger = logging.getLogger(__name__)

NOISE = 30.0
"""Deviation of the noise that a painting may start from, grey levels."""
FRAME = 320
"""Longer side of the pictures kept on the way, pixels, at most."""


class StylizedImage(NamedTuple):
    """What a transfer gives back."""

    image: Array
    """RGB, (height, width, 3) uint8."""
    frames: Images
    """The picture on the way, small, its start first, (n, height, width, 3)."""
    history: list[dict[str, float]]
    """A row for the start and each picture kept: iteration, side, seconds, the weighted terms."""


class _State(NamedTuple):
    image: Array
    """As the network takes it."""
    frames: list[Array]
    history: list[dict[str, float]]
    descent: Arrays


class _Segment(NamedTuple):
    side: int
    iterations: int


def _segments(params: TransferParams) -> list[_Segment]:
    """The way in pieces: a picture is kept after each."""
    return [
        _Segment(scale.side, min(params.every, scale.iterations - first))
        for scale in params.scales
        for first in range(0, scale.iterations, params.every)
    ]


def transfer(
    content: Array,
    styles: Sequence[Style],
    weights: Arrays,
    params: TransferParams,
    *,
    curve: MetricLog,
    album: ImageLog,
    checkpoint: Checkpoint,
) -> StylizedImage:
    """Paint ``content`` in ``styles`` (Gatys, Ecker & Bethge 2016).

    The first size starts from the content, from noise or from the first style; each further size
    from the one before, enlarged. Killed, it goes on from the last picture kept to the very
    painting that it would have become.

    Args:
        content: RGB, (height, width, 3), 0 … 255, of any size and aspect.
        styles: At least one, each of any size.
        weights: VGG16's, as :class:`atelier.data.vgg_weights.VggWeights` holds them.
        params: Everything else.
        curve: Receives a row with each picture that is kept.
        album: Receives each picture that is kept, as it comes.
        checkpoint: Keeps where it stands.

    Raises:
        FloatingPointError: The loss is no longer a number.
    """
    pictures = {"content": content} | {f"style{i}": one.picture for i, one in enumerate(styles)}
    shares = [style.weight for style in styles]
    identity = fingerprint(f"{params.model_dump_json()} {shares}", pictures, weights)
    painter = _Painter(content, styles, weights, params)
    saved = checkpoint.restore(identity)
    state = painter.begin() if saved is None else _unpack(saved)
    for row, frame in zip(state.history, state.frames, strict=True):
        curve.append(row)
        album.append(frame)
    segments = _segments(params)
    total, done = sum(s.iterations for s in segments), int(state.history[-1]["iteration"])
    with tqdm(total=total, initial=done, unit="iter", desc="painting", disable=None) as bar:
        for segment in segments[len(state.history) - 1 :]:
            state = painter.advance(state, segment, bar.update)
            curve.append(state.history[-1])
            album.append(state.frames[-1])
            checkpoint.save(identity, _pack(state))
    return StylizedImage(painter.picture(state.image), np.stack(state.frames), state.history)


class _Painter:
    """The pictures as the network shall see them, and the losses at the size in work."""

    def __init__(
        self, content: Array, styles: Sequence[Style], weights: Arrays, params: TransferParams
    ) -> None:
        self.params, self.colours_of = params, content
        self.content, self.styles = _dressed(content, styles, params)
        self.network = build_feature_extractor(weights, params)
        self._objective: Objective | None = None
        self._descent: ImageOptimizer | None = None
        self._canvases: dict[int, Array] = {}
        self._colours: dict[tuple[int, ...], Array] = {}

    def begin(self) -> _State:
        """The start at the first size, its loss, its picture."""
        side = self.params.scales[0].side
        canvas = self._canvas(side)
        starts: dict[str, Callable[[], Array]] = {
            "content": lambda: to_vgg(canvas),
            "style": lambda: to_vgg(resize_to(self.styles[0].picture, canvas.shape[:2])),
            "noise": lambda: np.asarray(
                np.random.default_rng(self.params.seed).normal(0, NOISE, canvas.shape), np.float32
            ),
        }
        state = _State(starts[self.params.start](), [], [], {})
        state, objective, _ = self._ready(state, side)
        return self._told(state, objective, side, 0, 0.0)

    def advance(self, state: _State, segment: _Segment, tick: Callable[[], Any]) -> _State:
        """Some iterations further."""
        started = time.monotonic()
        state, objective, descent = self._ready(state, segment.side)

        def loss(image: Array) -> tuple[float, Array]:
            terms, gradient = objective(image)
            value = float(terms.sum())
            if not np.isfinite(value):
                raise FloatingPointError(
                    f"Expected a finite loss. Received: {terms} for {objective.names}"
                )
            return value, gradient

        image = descent.run(loss, state.image, segment.iterations, tick)
        state = state._replace(image=image, descent=descent.state())
        seconds = time.monotonic() - started
        return self._told(state, objective, segment.side, segment.iterations, seconds)

    def _ready(self, state: _State, side: int) -> tuple[_State, Objective, ImageOptimizer]:
        """Losses and descent of this size; the image enlarged where the size is new."""
        canvas = self._canvas(side)
        if self._objective is None or self._objective.shape != canvas.shape:
            self._objective = Objective(self.network, canvas, self.styles, self.params)
            self._descent = None
        if state.image.shape != canvas.shape:
            state = state._replace(image=resize_to(state.image, canvas.shape[:2]), descent={})
        if self._descent is None:
            params = self.params
            self._descent = build_image_optimizer(
                params.optimizer, canvas.shape, params.learning_rate
            )
            if state.descent:
                self._descent.restore(state.descent)
        return state, self._objective, self._descent

    def _canvas(self, side: int) -> Array:
        """The content at this size; resizing a large photograph takes a second."""
        if side not in self._canvases:
            self._canvases[side] = resize_longer_side(self.content, side)
        return self._canvases[side]

    def _told(
        self, state: _State, objective: Objective, side: int, iterations: int, seconds: float
    ) -> _State:
        terms, _ = objective(state.image)
        before = state.history[-1]["iteration"] if state.history else 0.0
        row = {"iteration": before + iterations, "side": float(side), "seconds": seconds}
        row |= {name: float(term) for name, term in zip(objective.names, terms, strict=True)}
        logger.info("iteration %d at %d px: loss %.4g", row["iteration"], side, terms.sum())
        final = longer_side_shape(self.content.shape, self.params.scales[-1].side)
        small = longer_side_shape(final, min(FRAME, max(final)))
        frame = self.picture(resize_to(state.image, small))
        return state._replace(frames=[*state.frames, frame], history=[*state.history, row])

    def picture(self, image: Array) -> Array:
        """The image as people see it, (height, width, 3) uint8."""
        rgb = from_vgg(image)
        if self.params.colours == "luminance":
            shape = rgb.shape[:2]
            if shape not in self._colours:
                self._colours[shape] = resize_to(self.colours_of, shape)
            rgb = restore_colours(rgb, self._colours[shape])
        return np.clip(np.round(rgb), 0, 255).astype(np.uint8)


def _dressed(
    content: Array, styles: Sequence[Style], params: TransferParams
) -> tuple[Array, list[Style]]:
    """Content and styles as the network shall see them, by what happens to the colours."""
    change: Callable[[Array, Array], Array] = {
        "style": lambda style, _: style,
        "matched": match_colours,
        "luminance": match_luminance,
    }[params.colours]
    shown = luminance(content) if params.colours == "luminance" else content
    return shown, [Style(change(one.picture, content), one.weight) for one in styles]


def _pack(state: _State) -> dict[str, Array]:
    kept = {f"descent.{name}": value for name, value in state.descent.items()}
    pictures = {"image": state.image, "frames": np.stack(state.frames)}
    return pictures | kept | history_to_arrays(state.history)


def _unpack(saved: Arrays) -> _State:
    descent = {k.removeprefix("descent."): v for k, v in saved.items() if k.startswith("descent.")}
    return _State(saved["image"], list(saved["frames"]), history_from_arrays(saved), descent)

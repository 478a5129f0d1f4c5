"""Style transfer by optimization of the pixels, from coarse to fine (Gatys et al. 2016)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from atelier.data.pictures import longer_side_shape, resize_longer_side, resize_to
from atelier.style_transfer.colours import match_pictures, restore_colours
from atelier.style_transfer.objective import (
    FeatureExtractor,
    Objective,
    Style,
    build_feature_extractor,
)
from atelier.style_transfer.optimizers import ImageOptimizer, build_image_optimizer
from atelier.style_transfer.params import TransferParams
from atelier.style_transfer.vgg import from_vgg, to_vgg
from atelier.training.resume import Row, Rows, fingerprint_of, prefixed, run_rounds, without_prefix
from atelier.types import Array, Arrays, Checkpoint, ImageLog, Images, MetricLog

logger = logging.getLogger(__name__)

NOISE = 30.0
"""Standard deviation of the noise that a transfer may start from, grey levels."""
FRAME_SIDE = 320
"""Longer side of the frames, pixels, at most."""


class StylizedImage(NamedTuple):
    """Result of a style transfer."""

    image: Array
    """RGB, (height, width, 3) uint8."""
    frames: Images
    """The image at the start and after each segment, small, (n, height, width, 3) uint8."""
    history: Rows
    """A row for each frame: ``iteration``, ``side``, ``seconds`` and the weighted loss terms."""


class PaintingState(NamedTuple):
    """An image in work, and what its optimizer needs to continue."""

    image: Array
    """As the network takes it, (height, width, 3) float32."""
    optimizer: Arrays
    """State of the optimizer; empty at the start of a size."""


class Segment(NamedTuple):
    """Iterations at one size, after which a frame is taken."""

    side: int
    iterations: int


def transfer(
    content: Array,
    styles: Sequence[Style],
    weights: Arrays,
    params: TransferParams,
    *,
    curve: MetricLog | None = None,
    album: ImageLog | None = None,
    checkpoint: Checkpoint | None = None,
    extractor: FeatureExtractor | None = None,
) -> StylizedImage:
    """Renders `content` in the style of other images (Gatys, Ecker & Bethge 2016).

    The first size starts from the content, from noise or from the first style; each further size
    starts from the result of the size before, enlarged. A transfer continues from `checkpoint` if
    that holds a state of the same images and parameters, and ends with the same image.

    Args:
        content: RGB, (height, width, 3), 0 … 255, of any size and aspect.
        styles: At least one, each of any size.
        weights: VGG16's, as `atelier.data.vgg_weights.VggWeights` holds them.
        params: All other parameters.
        curve: Receives the row of each frame; not needed.
        album: Receives each frame; not needed.
        checkpoint: Keeps the state after each frame; not needed.
        extractor: Of these weights, layers and pooling, to compile it once for many transfers; by
            default the transfer builds its own.

    Returns:
        The image at the last size, the frames and their rows.

    Raises:
        FloatingPointError: The loss is not finite.

    Examples:
        >>> import numpy as np
        >>> from atelier.style_transfer import Style, TransferParams, transfer
        >>> rng = np.random.default_rng(0)
        >>> weights = {"conv1_1.kernel": rng.normal(0, 0.1, (3, 3, 3, 64)).astype(np.float32)}
        >>> weights["conv1_1.bias"] = np.zeros(64, np.float32)
        >>> params = TransferParams(
        ...     content_layer="conv1_1", style_layers=("conv1_1",), content_weight=1e-5,
        ...     style_weight=0.1, variation_weight=0, pooling="average", padding="replicate",
        ...     tile="auto", normalised=False, start="content", colours="style", optimizer="lbfgs",
        ...     learning_rate=1,
        ...     scales=({"side": 32, "iterations": 4},), every=2, seed=0, threads=2,
        ... )
        >>> content, style = rng.uniform(0, 255, (2, 24, 32, 3))
        >>> result = transfer(content, [Style(style, 1.0)], weights, params)
        >>> result.image.shape, [row["iteration"] for row in result.history]
        ((24, 32, 3), [0.0, 2.0, 4.0])
        >>> result.history[-1]["conv1_1"] < result.history[0]["conv1_1"]
        True
    """
    pictures = {"content": content} | {f"style{i}": s.picture for i, s in enumerate(styles)}
    shares = [style.weight for style in styles]
    identity = fingerprint_of(f"{params.model_dump_json()} {shares}", pictures, weights)
    extractor = extractor or build_feature_extractor(weights, params)
    painter = StyleTransfer(content, styles, extractor, params, album=album)
    history = run_rounds(painter, identity, curve=curve, checkpoint=checkpoint)
    image = painter.to_picture(painter.painting.image)
    return StylizedImage(image, np.stack(painter.frames), history)


def paint_scale(
    state: PaintingState,
    objective: Objective,
    optimizer: ImageOptimizer,
    *,
    iterations: int,
    tick: Callable[[], Any] = lambda: None,
) -> PaintingState:
    """Minimizes an objective at one size from a state, and returns the state that it reaches.

    Args:
        state: Where it starts; an image of another size is resized, and its optimizer starts anew.
        objective: The loss of an image at this size.
        optimizer: For images of this size; takes up the state's optimizer.
        iterations: Of the optimizer.
        tick: Called after each iteration.

    Returns:
        Image and optimizer after the iterations.

    Raises:
        FloatingPointError: The loss is not finite.
    """

    def loss(image: Array) -> tuple[float, Array]:
        terms, gradient = objective(image)
        value = float(terms.sum())
        if not np.isfinite(value):
            raise FloatingPointError(
                f"Expected a finite loss. Received: {terms} for {objective.names}"
            )
        return value, gradient

    if state.image.shape != objective.shape:
        state = PaintingState(resize_to(state.image, objective.shape[:2]), {})
    if state.optimizer:
        optimizer.restore(state.optimizer)
    image = optimizer.run(loss, state.image, iterations, tick)
    return PaintingState(image, optimizer.state())


class StyleTransfer:
    """A transfer in work; its rounds are the start and the segments.

    Args:
        content: RGB, (height, width, 3), 0 … 255.
        styles: At least one.
        extractor: Gives the features that are compared.
        params: All other parameters.
        album: Receives each frame; not needed.
    """

    def __init__(
        self,
        content: Array,
        styles: Sequence[Style],
        extractor: FeatureExtractor,
        params: TransferParams,
        *,
        album: ImageLog | None = None,
    ) -> None:
        self.params, self.original = params, content
        self.album = [] if album is None else album
        self.content, self.styles = match_pictures(content, styles, params)
        self.extractor = extractor
        self.segments = segments_of(params)
        self.frames: list[Array] = []
        self._colours: dict[tuple[int, ...], Array] = {}
        self._set_side(params.scales[0].side)
        self.painting = PaintingState(self._first_image(), {})

    def _set_side(self, side: int) -> None:
        self.side = side
        canvas = resize_longer_side(self.content, side)
        self.objective = Objective(self.extractor, canvas, self.styles, self.params)
        self.optimizer = build_image_optimizer(
            self.params.optimizer, canvas.shape, self.params.learning_rate
        )
        self.canvas = canvas

    def _first_image(self) -> Array:
        shape = self.canvas.shape
        if self.params.start == "content":
            return to_vgg(self.canvas)
        if self.params.start == "style":
            return to_vgg(resize_to(self.styles[0].picture, shape[:2]))
        rng = np.random.default_rng(self.params.seed)
        return np.asarray(rng.normal(0, NOISE, shape), np.float32)

    def state(self) -> dict[str, Array]:
        """Returns the image, the optimizer's state and the frames."""
        images = {"image": self.painting.image, "frames": np.stack(self.frames)}
        return images | prefixed("optimizer", self.painting.optimizer)

    def restore(self, state: Arrays) -> None:
        """Takes up a saved state."""
        self.painting = PaintingState(state["image"], without_prefix("optimizer", state))
        for frame in state["frames"]:
            self._add_frame(frame)

    def finished(self, history: Rows) -> bool:
        """Returns whether the start and all segments have their rows."""
        return len(history) == 1 + len(self.segments)

    def advance(self, history: Rows) -> Row:
        """Evaluates the start, or paints the next segment."""
        if not history:
            return self._row(iteration=0.0, seconds=0.0)
        started, segment = time.monotonic(), self.segments[len(history) - 1]
        if segment.side != self.side:
            self._set_side(segment.side)
        name, total = f"{segment.side} px", segment.iterations
        with tqdm(total=total, desc=name, unit="iter", leave=False, disable=None) as bar:
            self.painting = paint_scale(
                self.painting,
                self.objective,
                self.optimizer,
                iterations=segment.iterations,
                tick=bar.update,
            )
        iteration = history[-1]["iteration"] + segment.iterations
        return self._row(iteration=iteration, seconds=time.monotonic() - started)

    def _row(self, *, iteration: float, seconds: float) -> Row:
        terms, _ = self.objective(self.painting.image)
        logger.debug("iteration %d at %d px: loss %.4g", iteration, self.side, terms.sum())
        last = longer_side_shape(self.content.shape, self.params.scales[-1].side)
        small = longer_side_shape(last, min(FRAME_SIDE, max(last)))
        self._add_frame(self.to_picture(resize_to(self.painting.image, small)))
        losses = {name: float(t) for name, t in zip(self.objective.names, terms, strict=True)}
        return {"iteration": iteration, "side": float(self.side), "seconds": seconds} | losses

    def _add_frame(self, frame: Array) -> None:
        self.frames.append(frame)
        self.album.append(frame)

    def to_picture(self, image: Array) -> Array:
        """Returns an image of the network's as RGB, (height, width, 3) uint8."""
        rgb = from_vgg(image)
        if self.params.colours == "luminance":
            shape = rgb.shape[:2]
            if shape not in self._colours:
                self._colours[shape] = resize_to(self.original, shape)
            rgb = restore_colours(rgb, self._colours[shape])
        return np.clip(np.round(rgb), 0, 255).astype(np.uint8)


def segments_of(params: TransferParams) -> list[Segment]:
    """Returns the iterations of all sizes in segments of at most ``every``, the coarsest first."""
    return [
        Segment(scale.side, min(params.every, scale.iterations - first))
        for scale in params.scales
        for first in range(0, scale.iterations, params.every)
    ]

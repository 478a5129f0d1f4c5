"""The objective of style transfer: content, style and smoothness, with its gradient."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from atelier.data.pictures import resize_longer_side, to_rgb
from atelier.style_transfer.losses import (
    content_loss,
    gram_loss,
    gram_matrix,
    style_loss,
    total_variation,
)
from atelier.style_transfer.params import TransferParams
from atelier.style_transfer.tiles import (
    Reach,
    Tile,
    inner_maps,
    network_reach,
    split_into_tiles,
    tile_side,
)
from atelier.style_transfer.vgg import to_vgg, vgg16_features
from atelier.types import Array, Arrays

REFERENCE = 512 * 512
"""Pixels of the image to which α and the weight of the total variation refer, as in the paper."""


class Style(NamedTuple):
    """An image whose style is transferred, and its weight."""

    picture: Array
    """RGB, (height, width, 3), 0 … 255."""
    weight: float
    """Relative to the other styles' weights, above 0."""


def select_styles(pictures: Mapping[str, Array], weights: Mapping[str, float]) -> list[Style]:
    """Returns the named pictures as weighted styles.

    Args:
        pictures: Pictures of any mode and size, by name.
        weights: Weights of the styles, by the name of the picture.

    Raises:
        ValueError: If a picture of this name does not exist.
    """
    unknown = sorted(set(weights) - set(pictures))
    if unknown:
        raise ValueError(f"Expected styles out of {sorted(pictures)}. Received: {unknown}")
    return [Style(to_rgb(pictures[name]), weight) for name, weight in weights.items()]


class PictureFeatures(NamedTuple):
    """What the losses compare of an image."""

    content: list[tf.Tensor]
    """Maps of the content layer, (height, width, channels), for each tile."""
    grams: list[tf.Tensor]
    """Gram matrix of each style layer, (channels, channels), summed over the tiles."""
    positions: list[int]
    """Number of positions of each style layer."""


class FeatureExtractor:
    """A network whose outputs are the content layer, then the style layers.

    Its losses are compiled once for each size of the image, whatever the targets and weights: all
    objectives of one extractor share them.

    Args:
        network: Takes images as :func:`atelier.style_transfer.vgg.to_vgg` makes them, (n, height,
            width, 3); returns one batch of maps for each layer.
        reach: Of the network's outputs.
        tile: Longest side of a tile, pixels; 0 is the whole image; or ``auto``.
    """

    def __init__(self, network: keras.Model, reach: Reach, tile: int | Literal["auto"]) -> None:
        self.network, self.reach, self._tile = network, reach, tile
        self.terms_and_gradient = tf.function(self._terms_and_gradient)
        self.tile_gradient = tf.function(self._tile_gradient, reduce_retracing=True)

    def tiles(self, shape: Sequence[int]) -> list[Tile]:
        """Returns the tiles of an image of shape (height, width, 3)."""
        height, width, _ = shape
        side = tile_side(self._tile, height * width)
        return split_into_tiles(height, width, side=side, reach=self.reach)

    def features(self, image: tf.Tensor) -> PictureFeatures:
        """Returns what the losses compare of an image, (height, width, 3)."""
        content, grams = [], [0.0] * (len(self.reach.scales) - 1)
        for tile in self.tiles(image.shape):
            maps, *style_maps = self._tile_maps(image[tile.rows, tile.columns], tile.inner)
            content.append(maps)
            for index, style in enumerate(style_maps):
                grams[index] += gram_matrix(style)
        _, *scales = self.reach.scales
        positions = [(image.shape[0] // scale) * (image.shape[1] // scale) for scale in scales]
        return PictureFeatures(content, grams, positions)

    def _tile_maps(self, crop: tf.Tensor, inner: Any) -> list[tf.Tensor]:
        """Returns a tile's maps, (height, width, channels) each, content first."""
        return [
            inner_maps(maps[0], inner, scale)
            for maps, scale in zip(self.network(crop[None]), self.reach.scales, strict=True)
        ]

    def _terms_and_gradient(
        self, image: tf.Tensor, content: tf.Tensor, grams: list[tf.Tensor], factors: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the weighted losses, content first and variation last, and their gradient."""
        with tf.GradientTape() as tape:
            tape.watch(image)
            maps, *styles = (batch[0] for batch in self.network(image[None]))
            losses = [
                content_loss(maps, content),
                *(style_loss(style, gram) for style, gram in zip(styles, grams, strict=True)),
                total_variation(image),
            ]
            terms = factors * tf.stack(losses)
            loss = tf.reduce_sum(terms)
        return terms, tape.gradient(loss, image)

    def _tile_gradient(
        self,
        crop: tf.Tensor,
        inner: tf.Tensor,
        content: tf.Tensor,
        content_factor: tf.Tensor,
        gram_gradients: list[tf.Tensor],
    ) -> tf.Tensor:
        """Returns the gradient of content and style by the crop, through the maps of its tile.

        The style loss depends on a tile only through its summand G of the whole Gram matrix, and
        its derivative D by that matrix is known: the gradient is that of Σ D G.
        """
        with tf.GradientTape() as tape:
            tape.watch(crop)
            maps, *styles = self._tile_maps(crop, inner)
            loss = content_factor * content_loss(tf.ensure_shape(maps, content.shape), content)
            for style, derivative in zip(styles, gram_gradients, strict=True):
                loss += tf.reduce_sum(derivative * gram_matrix(style))
        return tape.gradient(loss, crop)


def build_feature_extractor(weights: Arrays, params: TransferParams) -> FeatureExtractor:
    """Builds the network whose outputs are the content layer, then the style layers."""
    layers = (params.content_layer, *params.style_layers)
    network = vgg16_features(weights, layers, pooling=params.pooling, padding=params.padding)
    return FeatureExtractor(network, network_reach(layers), params.tile)


def extract_features(extractor: FeatureExtractor, picture: Array) -> PictureFeatures:
    """Returns what the losses compare of an RGB image, (height, width, 3)."""
    return extractor.features(tf.constant(to_vgg(picture)))


def mean_gram_matrices(
    extractor: FeatureExtractor, styles: Sequence[Style], side: int, sizes: Sequence[int]
) -> list[tf.Tensor]:
    """Computes the weighted mean of the styles' Gram matrices for each layer.

    Args:
        extractor: As :func:`build_feature_extractor` builds it.
        styles: At least one style; each is resized to ``side``.
        side: Longer side of a style's image, pixels.
        sizes: Number of positions of each style layer to which the matrices are scaled.

    Returns:
        (channels, channels) for each style layer.
    """
    total = sum(style.weight for style in styles)
    grams: list[tf.Tensor] = [0.0] * len(sizes)
    for style in styles:
        features = extract_features(extractor, resize_longer_side(style.picture, side))
        for index, (gram, positions) in enumerate(
            zip(features.grams, features.positions, strict=True)
        ):
            grams[index] += style.weight / total * sizes[index] / positions * gram
    return grams


class Objective:
    """Computes α · content + β · mean style + total variation at one image size.

    Styles are combined by the weighted mean of their Gram matrices, which has the same gradient as
    the weighted sum of their losses. Content and total variation count per pixel, scaled to an
    image of 512², so that weights mean the same at every size; the style loss is so by definition.

    Args:
        extractor: As :func:`build_feature_extractor` builds it.
        content: RGB, (height, width, 3), 0 … 255; its size is the result's.
        styles: At least one style; each is resized to the content's longer side.
        params: Weights of the terms.

    Attributes:
        shape: Shape of the image, (height, width, 3).
        names: Names of the terms.
    """

    def __init__(
        self,
        extractor: FeatureExtractor,
        content: Array,
        styles: Sequence[Style],
        params: TransferParams,
    ) -> None:
        self.extractor, self.shape = extractor, content.shape
        self.names = ("content", *params.style_layers, "variation")
        self._content, _, sizes = extract_features(extractor, content)
        self._grams = mean_gram_matrices(extractor, styles, max(content.shape[:2]), sizes)
        self._factors = _factors(params, content.shape[0] * content.shape[1])

    def __call__(self, image: Array) -> tuple[Array, Array]:
        """Returns the weighted terms, in the order of ``names``, and the gradient of their sum.

        Args:
            image: BGR less its mean, (height, width, 3) float32, as the network takes it.
        """
        tensor = tf.constant(image, tf.float32)
        if len(self._content) > 1:
            return self._sum_over_tiles(tensor)
        terms, gradient = self.extractor.terms_and_gradient(
            tensor, self._content[0], self._grams, self._factors
        )
        return np.asarray(terms), np.asarray(gradient)

    def _sum_over_tiles(self, image: tf.Tensor) -> tuple[Array, Array]:
        """Returns terms and gradient by two passes over the tiles, one for each."""
        terms, variation_gradient, gram_gradients = self._total_terms(image)
        gradient = np.array(variation_gradient)
        for tile, content in zip(self.extractor.tiles(image.shape), self._content, strict=True):
            gradient[tile.rows, tile.columns] += self.extractor.tile_gradient(
                image[tile.rows, tile.columns],
                tf.constant(tile.inner),
                content,
                self._factors[0],
                gram_gradients,
            ).numpy()
        return np.asarray(terms), gradient

    def _total_terms(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        """Returns the terms, and the loss' derivatives by variation and by the Gram matrices."""
        features = self.extractor.features(image)
        pairs = zip(features.content, self._content, strict=True)
        content = tf.add_n([content_loss(maps, target) for maps, target in pairs])
        with tf.GradientTape() as tape:
            tape.watch([image, *features.grams])
            styles = map(gram_loss, features.grams, self._grams, features.positions)
            terms = self._factors * tf.stack([content, *styles, total_variation(image)])
            loss = tf.reduce_sum(terms)
        gradient, *gram_gradients = tape.gradient(loss, [image, *features.grams])
        return terms, gradient, gram_gradients


def _factors(params: TransferParams, pixels: int) -> tf.Tensor:
    """Returns the weights of the content, of each style layer and of the total variation."""
    per_pixel, layers = REFERENCE / pixels, len(params.style_layers)
    return tf.constant(
        [
            params.content_weight * per_pixel,
            *[params.style_weight / layers] * layers,
            params.variation_weight * per_pixel,
        ],
        tf.float32,
    )

"""The objective of style transfer: content, style and smoothness, with its gradient."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from atelier.data.pictures import resize_longer_side, to_rgb
from atelier.style_transfer.losses import content_loss, gram_matrix, style_loss, total_variation
from atelier.style_transfer.params import TransferParams
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


class FeatureExtractor:
    """A network whose outputs are the content layer, then the style layers.

    Its losses are compiled once for each size of the image, whatever the targets and weights: all
    objectives of one extractor share them.

    Args:
        network: Takes images as :func:`atelier.style_transfer.vgg.to_vgg` makes them, (n, height,
            width, 3); returns one batch of maps for each layer.
    """

    def __init__(self, network: keras.Model) -> None:
        self.network = network
        self.terms_and_gradient = tf.function(self._terms_and_gradient)

    def __call__(self, image: tf.Tensor) -> list[tf.Tensor]:
        """Returns the maps of an image, (height, width, channels) each, content first."""
        return [maps[0] for maps in self.network(image[None])]

    def _terms_and_gradient(
        self, image: tf.Tensor, content: tf.Tensor, grams: list[tf.Tensor], factors: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the weighted losses, content first and variation last, and their gradient."""
        with tf.GradientTape() as tape:
            tape.watch(image)
            maps, *styles = self(image)
            losses = [
                content_loss(maps, content),
                *(style_loss(style, gram) for style, gram in zip(styles, grams, strict=True)),
                total_variation(image),
            ]
            terms = factors * tf.stack(losses)
            loss = tf.reduce_sum(terms)
        return terms, tape.gradient(loss, image)


def build_feature_extractor(weights: Arrays, params: TransferParams) -> FeatureExtractor:
    """Builds the network whose outputs are the content layer, then the style layers."""
    layers = (params.content_layer, *params.style_layers)
    return FeatureExtractor(vgg16_features(weights, layers, pooling=params.pooling))


def extract_features(extractor: FeatureExtractor, picture: Array) -> list[tf.Tensor]:
    """Returns the feature maps of an RGB image, (height, width, channels) each, content first."""
    return extractor(tf.constant(to_vgg(picture)))


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
        _, *style_maps = extract_features(extractor, resize_longer_side(style.picture, side))
        for index, maps in enumerate(style_maps):
            share = style.weight / total * sizes[index] / (maps.shape[0] * maps.shape[1])
            grams[index] += share * gram_matrix(maps)
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
        self._content, *style_maps = extract_features(extractor, content)
        sizes = [maps.shape[0] * maps.shape[1] for maps in style_maps]
        self._grams = mean_gram_matrices(extractor, styles, max(content.shape[:2]), sizes)
        self._factors = _factors(params, content.shape[0] * content.shape[1])

    def __call__(self, image: Array) -> tuple[Array, Array]:
        """Returns the weighted terms, in the order of ``names``, and the gradient of their sum.

        Args:
            image: BGR less its mean, (height, width, 3) float32, as the network takes it.
        """
        terms, gradient = self.extractor.terms_and_gradient(
            tf.constant(image, tf.float32), self._content, self._grams, self._factors
        )
        return np.asarray(terms), np.asarray(gradient)


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

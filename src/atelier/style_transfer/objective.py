"""What a painting is judged by: content, style and smoothness, with the gradient by pixel."""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from atelier.data.pictures import resize_longer_side
from atelier.style_transfer.losses import content_loss, gram_matrix, style_loss, total_variation
from atelier.style_transfer.params import TransferParams
from atelier.style_transfer.vgg import to_vgg, vgg16_features
from atelier.types import Array, Arrays

REFERENCE = 512 * 512
"""Pixels of the picture for which α and the variation's weight are meant, as in the paper."""


class Style(NamedTuple):
    """A picture whose style is taken, and how much of it."""

    picture: Array
    """RGB, (height, width, 3), 0 … 255."""
    weight: float


def build_feature_extractor(weights: Arrays, params: TransferParams) -> keras.Model:
    """The network that sees the content layer, then the style layers."""
    layers = (params.content_layer, *params.style_layers)
    return vgg16_features(weights, layers, pooling=params.pooling)


def extract_features(network: keras.Model, picture: Array) -> list[tf.Tensor]:
    """The network's maps of an RGB picture, (height, width, channels) each, content first."""
    return [maps[0] for maps in network(tf.constant(to_vgg(picture))[None])]


def mean_gram_matrices(
    network: keras.Model, styles: Sequence[Style], side: int, sizes: Sequence[int]
) -> list[tf.Tensor]:
    """Weighted mean of the styles' Gram matrices, a layer each.

    Args:
        network: As :func:`build_feature_extractor` makes it.
        styles: At least one; shown with ``side`` pixels as their longer side.
        side: Pixels.
        sizes: Positions of each style layer to which the matrices are carried over.
    """
    total = sum(style.weight for style in styles)
    grams: list[tf.Tensor] = [0.0] * len(sizes)
    for style in styles:
        _, *seen = extract_features(network, resize_longer_side(style.picture, side))
        for index, maps in enumerate(seen):
            share = style.weight / total * sizes[index] / (maps.shape[0] * maps.shape[1])
            grams[index] += share * gram_matrix(maps)
    return grams


class Objective:
    """α · content + β · mean style + smoothness of one picture size, and its gradient.

    Styles are blended by the weighted mean of their Gram matrices, which has the same gradient as
    the weighted sum of their losses. The content and the smoothness count per pixel, as if the
    picture had 512², so that weights mean the same at every size; the style does so by itself.

    Args:
        network: As :func:`build_feature_extractor` makes it.
        content: RGB, (height, width, 3), 0 … 255; its size is the painting's.
        styles: At least one; shown to the network at the content's longer side.
        params: Weights of the terms.
    """

    def __init__(
        self, network: keras.Model, content: Array, styles: Sequence[Style], params: TransferParams
    ) -> None:
        self.network, self.params, self.shape = network, params, content.shape
        self.names = ("content", *params.style_layers, "variation")
        self._per_pixel = REFERENCE / (content.shape[0] * content.shape[1])
        self._content, *own = extract_features(network, content)
        sizes = [maps.shape[0] * maps.shape[1] for maps in own]
        self._grams = mean_gram_matrices(network, styles, max(content.shape[:2]), sizes)
        self._evaluate = tf.function(self._terms_and_gradient)

    def _terms_and_gradient(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        params = self.params
        with tf.GradientTape() as tape:
            tape.watch(image)
            content, *styles = (maps[0] for maps in self.network(image[None]))
            mean = params.style_weight / len(styles)
            terms = tf.stack(
                [
                    params.content_weight * self._per_pixel * content_loss(content, self._content),
                    *(
                        mean * style_loss(maps, gram)
                        for maps, gram in zip(styles, self._grams, strict=True)
                    ),
                    params.variation_weight * self._per_pixel * total_variation(image),
                ]
            )
            loss = tf.reduce_sum(terms)
        return terms, tape.gradient(loss, image)

    def __call__(self, image: Array) -> tuple[Array, Array]:
        """The weighted terms, in the order of ``names``, and the gradient of their sum.

        Args:
            image: As the network takes it, (height, width, 3) float32.
        """
        terms, gradient = self._evaluate(tf.constant(image, tf.float32))
        return np.asarray(terms), np.asarray(gradient)

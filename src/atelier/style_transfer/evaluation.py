"""Distances of an image to a style and to a content, whatever the weights of the losses were."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from atelier.data.pictures import resize_to
from atelier.style_transfer.objective import (
    FeatureExtractor,
    Style,
    extract_features,
    mean_gram_matrices,
)
from atelier.types import Array, Metrics


def style_error(extractor: FeatureExtractor, picture: Array, styles: Sequence[Style]) -> float:
    """Returns the relative distance |G - A| / |A| of Gram matrices, averaged over the layers.

    Args:
        extractor: As :func:`atelier.style_transfer.objective.build_feature_extractor` builds it.
        picture: RGB, (height, width, 3), 0 … 255.
        styles: Styles whose weighted mean Gram matrices are A, at the picture's longer side.

    Returns:
        The error, at least 0.
    """
    features = extract_features(extractor, picture)
    targets = mean_gram_matrices(extractor, styles, max(picture.shape[:2]), features.positions)
    errors = [
        np.linalg.norm(gram - target) / np.linalg.norm(target)
        for gram, target in zip(features.grams, targets, strict=True)
    ]
    return float(np.mean(errors))


def content_error(extractor: FeatureExtractor, picture: Array, content: Array) -> float:
    """Returns the relative distance |F - P| / |P| of the content layer's features.

    Args:
        extractor: As for :func:`style_error`.
        picture: RGB, (height, width, 3), 0 … 255.
        content: RGB, of any size.

    Returns:
        The error, at least 0.
    """
    features, targets = (
        extract_features(extractor, rgb).content
        for rgb in (picture, resize_to(content, picture.shape[:2]))
    )
    differences = [maps - target for maps, target in zip(features, targets, strict=True)]
    return _norm(differences) / _norm(targets)


def _norm(tiles: Sequence[Any]) -> float:
    return float(np.linalg.norm([np.linalg.norm(maps) for maps in tiles]))


def transfer_metrics(
    extractor: FeatureExtractor, picture: Array, content: Array, styles: Sequence[Style]
) -> Metrics:
    """Returns the errors of a result, and the content's own distance to the style.

    Args:
        extractor: As for :func:`style_error`.
        picture: RGB, (height, width, 3), 0 … 255, the result of a transfer.
        content: RGB, of any size.
        styles: Styles of the transfer.

    Returns:
        ``style_error``, ``style_error_of_content`` and ``content_error``.
    """
    resized = resize_to(content, picture.shape[:2])
    return {
        "style_error": style_error(extractor, picture, styles),
        "style_error_of_content": style_error(extractor, resized, styles),
        "content_error": content_error(extractor, picture, resized),
    }

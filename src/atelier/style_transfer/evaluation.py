"""How near a painting came to its style and its content, whatever the weights were."""

from collections.abc import Sequence

import keras
import numpy as np

from atelier.data.pictures import resize_to
from atelier.style_transfer.losses import gram_matrix
from atelier.style_transfer.objective import Style, extract_features, mean_gram_matrices
from atelier.types import Array


def style_error(network: keras.Model, picture: Array, styles: Sequence[Style]) -> float:
    """|G - A| / |A| of the blended style's Gram matrices, the layers' mean.

    Args:
        network: As :func:`atelier.style_transfer.objective.build_feature_extractor` makes it.
        picture: RGB, (height, width, 3), 0 … 255.
        styles: At least one; shown at the picture's longer side.
    """
    _, *own = extract_features(network, picture)
    sizes = [maps.shape[0] * maps.shape[1] for maps in own]
    grams = mean_gram_matrices(network, styles, max(picture.shape[:2]), sizes)
    errors = [
        np.linalg.norm(gram_matrix(maps) - gram) / np.linalg.norm(gram)
        for maps, gram in zip(own, grams, strict=True)
    ]
    return float(np.mean(errors))


def content_error(network: keras.Model, picture: Array, content: Array) -> float:
    """|F - P| / |P| of the content layer.

    Args:
        network: As for :func:`style_error`.
        picture: RGB, (height, width, 3), 0 … 255.
        content: The same, of any size.
    """
    own, *_ = extract_features(network, picture)
    wanted, *_ = extract_features(network, resize_to(content, picture.shape[:2]))
    return float(np.linalg.norm(own - wanted) / np.linalg.norm(wanted))

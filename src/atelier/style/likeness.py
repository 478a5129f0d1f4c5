"""How near a painting came to its style and its content, whatever the weights were."""

from collections.abc import Sequence

import keras
import numpy as np

from atelier.data.pictures import fit_side, resize_to
from atelier.models.vgg import to_vgg
from atelier.style.losses import gram_matrix
from atelier.style.objective import Style
from atelier.types import Array


def _seen(network: keras.Model, picture: Array) -> list[Array]:
    return [np.asarray(maps[0]) for maps in network(to_vgg(picture)[None])]


def _per_position(maps: Array) -> Array:
    return np.asarray(gram_matrix(maps)) / (maps.shape[0] * maps.shape[1])


def style_error(network: keras.Model, picture: Array, styles: Sequence[Style]) -> float:
    """|G - A| / |A| of the blended style's Gram matrices per position, the layers' mean.

    Args:
        network: As :func:`atelier.style.objective.network_for` makes it.
        picture: RGB, (height, width, 3), 0 … 255.
        styles: At least one; shown at the picture's longer side.
    """
    _, *own = _seen(network, picture)
    total = sum(style.weight for style in styles)
    wanted = [np.zeros((maps.shape[-1],) * 2) for maps in own]
    for style in styles:
        _, *seen = _seen(network, fit_side(style.picture, max(picture.shape[:2])))
        for index, maps in enumerate(seen):
            wanted[index] += style.weight / total * _per_position(maps)
    errors = [
        np.linalg.norm(_per_position(maps) - gram) / np.linalg.norm(gram)
        for maps, gram in zip(own, wanted, strict=True)
    ]
    return float(np.mean(errors))


def content_error(network: keras.Model, picture: Array, content: Array) -> float:
    """|F - P| / |P| of the content layer.

    Args:
        network: As for :func:`style_error`.
        picture: RGB, (height, width, 3), 0 … 255.
        content: The same, of any size.
    """
    own = _seen(network, picture)[0]
    wanted = _seen(network, resize_to(content, picture.shape[:2]))[0]
    return float(np.linalg.norm(own - wanted) / np.linalg.norm(wanted))

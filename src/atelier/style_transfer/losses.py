"""The losses of Gatys, Ecker & Bethge (2016), on NumPy arrays and on the backend's tensors."""

from typing import Any

from keras import ops


def gram_matrix(features: Any) -> Any:
    """Computes the Gram matrix of feature maps, summed over positions, not normalised (eq. 3).

    Args:
        features: Feature maps, (height, width, channels).

    Returns:
        (channels, channels), symmetric.

    Raises:
        ValueError: If `features` has not three axes.

    Examples:
        >>> import numpy as np
        >>> from atelier.style_transfer import gram_matrix
        >>> features = np.array([[1.0, 2, 3, 4], [0, 1, 0, 1]]).T[None]  # (1, 4, 2)
        >>> np.asarray(gram_matrix(features)).tolist()
        [[30.0, 6.0], [6.0, 2.0]]
    """
    features = ops.convert_to_tensor(features)
    if len(features.shape) != 3:
        raise ValueError(f"Expected (height, width, channels). Received: shape={features.shape}")
    flat = ops.reshape(features, (-1, features.shape[-1]))  # (positions, channels)
    return ops.matmul(ops.transpose(flat), flat)


def style_loss(features: Any, target: Any) -> Any:
    """Computes the style loss E = Σ (G - A)² / (4 N² M²) of one layer (eq. 4).

    Args:
        features: Feature maps of the image, (height, width, N); M = height · width.
        target: Feature maps of the style, (height, width, N), whose Gram matrix is scaled from
            their own number of positions to M; or the Gram matrix A itself, (N, N).

    Returns:
        A scalar.

    Raises:
        ValueError: If `target` has another number of channels.

    Examples:
        >>> import numpy as np
        >>> from atelier.style_transfer import style_loss
        >>> features = np.array([[1.0, 2, 3, 4], [0, 1, 0, 1]]).T[None]  # (1, 4, 2)
        >>> float(style_loss(features, np.zeros((2, 2))))
        3.8125
    """
    features, target = ops.convert_to_tensor(features), ops.convert_to_tensor(target)
    channels, positions = features.shape[-1], _positions(features)
    if len(target.shape) == 3:
        target = gram_matrix(target) * ops.cast(positions / _positions(target), target.dtype)
    if tuple(target.shape) != (channels, channels):
        raise ValueError(
            f"Expected a target of {channels} channels, (height, width, {channels}) or "
            f"({channels}, {channels}). Received: shape={tuple(target.shape)}"
        )
    return gram_loss(gram_matrix(features), target, positions)


def gram_loss(gram: Any, target: Any, positions: Any) -> Any:
    """Computes the style loss of one layer from its Gram matrix, which may be a sum over tiles.

    Args:
        gram: Gram matrix of the image, (N, N).
        target: Gram matrix of the style, (N, N), scaled to as many positions.
        positions: Number M of the image's positions.

    Returns:
        E = Σ (G - A)² / (4 N² M²), a scalar.

    Examples:
        >>> import numpy as np
        >>> from atelier.style_transfer import gram_loss
        >>> float(gram_loss(np.array([[30.0, 6.0], [6.0, 2.0]]), np.zeros((2, 2)), 4))
        3.8125
    """
    gram, target = ops.convert_to_tensor(gram), ops.convert_to_tensor(target)
    scale = ops.cast(2 * gram.shape[0] * positions, gram.dtype)
    return ops.sum(ops.square((gram - target) / scale))


def _positions(features: Any) -> Any:
    height, width = ops.shape(features)[:2]
    return height * width


def content_loss(features: Any, target: Any) -> Any:
    """Computes the content loss ½ Σ (F - P)² of one layer (eq. 1), a scalar.

    Args:
        features: Feature maps of the image, (height, width, channels).
        target: Feature maps of the content, the same shape.

    Returns:
        A scalar.

    Raises:
        ValueError: If the shapes differ.

    Examples:
        >>> import numpy as np
        >>> from atelier.style_transfer import content_loss
        >>> float(content_loss(np.ones((2, 2, 1)), np.zeros((2, 2, 1))))
        2.0
    """
    features, target = ops.convert_to_tensor(features), ops.convert_to_tensor(target)
    if tuple(features.shape) != tuple(target.shape):
        raise ValueError(
            f"Expected features of one shape. Received: {features.shape} and {target.shape}"
        )
    return 0.5 * ops.sum(ops.square(features - target))


def total_variation(image: Any) -> Any:
    """Computes the total variation with β = 2 (Mahendran & Vedaldi 2015), a scalar.

    It is the sum of squared differences of neighbouring pixels.

    Args:
        image: (height, width, channels).

    Examples:
        >>> import numpy as np
        >>> from atelier.style_transfer import total_variation
        >>> float(total_variation(np.array([[[0.0], [1.0]], [[3.0], [3.0]]])))
        14.0
    """
    image = ops.convert_to_tensor(image)
    vertical, horizontal = image[1:] - image[:-1], image[:, 1:] - image[:, :-1]
    return ops.sum(ops.square(vertical)) + ops.sum(ops.square(horizontal))

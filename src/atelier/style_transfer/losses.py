"""The losses of Gatys, Ecker & Bethge 2016, on NumPy arrays and on the backend's tensors."""

from typing import Any

from keras import ops


def gram_matrix(features: Any) -> Any:
    """Products of feature maps summed over positions, not normalised (eq. 3).

    Args:
        features: Feature maps, (height, width, channels).

    Returns:
        (channels, channels), symmetric.
    """
    features = ops.convert_to_tensor(features)
    if len(features.shape) != 3:
        raise ValueError(f"Expected (height, width, channels). Received: shape={features.shape}")
    flat = ops.reshape(features, (-1, features.shape[-1]))  # (positions, channels)
    return ops.matmul(ops.transpose(flat), flat)


def style_loss(features: Any, target: Any) -> Any:
    """E_l = Σ (G - A)² / (4 N² M²) of one layer (eq. 4), a scalar.

    Args:
        features: Feature maps of the picture, (height, width, N); M = height · width.
        target: Feature maps of the style, (height, width, N), whose Gram matrix is carried over
            from their own number of positions to M; or A itself, (N, N).
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
    scale = ops.cast(2 * channels * positions, features.dtype)
    return ops.sum(ops.square((gram_matrix(features) - target) / scale))


def _positions(features: Any) -> Any:
    height, width = ops.shape(features)[:2]
    return height * width


def content_loss(features: Any, target: Any) -> Any:
    """½ Σ (F - P)² of one layer (eq. 1), a scalar.

    Args:
        features: Feature maps of the picture, (height, width, channels).
        target: Feature maps of the content, the same shape.
    """
    features, target = ops.convert_to_tensor(features), ops.convert_to_tensor(target)
    if tuple(features.shape) != tuple(target.shape):
        raise ValueError(
            f"Expected features of one shape. Received: {features.shape} and {target.shape}"
        )
    return 0.5 * ops.sum(ops.square(features - target))


def total_variation(image: Any) -> Any:
    """Sum of squared differences of neighbouring pixels, a scalar (Mahendran & Vedaldi 2015, β=2).

    Args:
        image: (height, width, channels).
    """
    image = ops.convert_to_tensor(image)
    down, right = image[1:] - image[:-1], image[:, 1:] - image[:, :-1]
    return ops.sum(ops.square(down)) + ops.sum(ops.square(right))

"""Sides and margins of a U-Net, in pixels."""

from typing import Literal

Padding = Literal["valid", "same"]


def crop_width(depth: int, level: int) -> int:
    """Returns how many pixels are cropped at each edge of the skip connection of a level.

    For depth 4 these are 88, 40, 16 and 4 on levels 0 to 3. The two convolutions down and, except
    on the lowest level, the two up each cost 2 pixels at an edge.

    Examples:
        >>> from atelier.segmentation.unet_shapes import crop_width
        >>> [crop_width(4, level) for level in range(4)]
        [88, 40, 16, 4]
    """
    return 4 if level == depth - 1 else 2 * (crop_width(depth, level + 1) + 4)


def valid_margin(depth: int) -> int:
    """Returns how many pixels valid convolutions cut off at each edge.

    It is 92 for the published depth of 4: 572 pixels in, 388 out.

    Examples:
        >>> from atelier.segmentation.unet_shapes import valid_margin
        >>> valid_margin(4)
        92
    """
    return crop_width(depth, 0) + 4


def fitting_side(min_side: int, *, depth: int, padding: Padding) -> int:
    """Returns the smallest side of an input that fits the network.

    With padding, that is a multiple of 2^depth; with valid convolutions every pooling has to meet
    an even side.

    Args:
        min_side: The least side, pixels.
        depth: Number of poolings.
        padding: Of the convolutions.

    Returns:
        The side, from ``min_side``, pixels.

    Examples:
        >>> from atelier.segmentation.unet_shapes import fitting_side
        >>> fitting_side(560, depth=4, padding="valid"), fitting_side(90, depth=3, padding="same")
        (572, 96)
    """
    stride = 1 << depth
    offset = 4 * (stride - 1) % stride if padding == "valid" else 0
    smallest = 2 * valid_margin(depth) + stride if padding == "valid" else stride
    side = max(min_side, smallest)
    return side + (offset - side) % stride


def receptive_margin(depth: int) -> int:
    """Returns how many pixels beyond a tile its output depends on, in a padded network.

    It is 8, 22, 46, 94 for depths 1 to 4: slightly more than :func:`valid_margin`, since padded
    poolings start at the tile's corner. On the way up, the two convolutions of a level reach
    2 pixels further; on the way down, 2 pixels of an image that is twice as fine.

    Examples:
        >>> from atelier.segmentation.unet_shapes import receptive_margin
        >>> [receptive_margin(depth) for depth in (1, 2, 3, 4)]
        [8, 22, 46, 94]
    """
    decoded = 0
    for _ in range(depth):
        decoded = -(-(decoded + 2) // 2)
    margin = decoded + 2
    for _ in range(depth):
        margin = 2 * margin + 2
    return margin


def tile_margin(depth: int, padding: Padding) -> int:
    """Returns the margin around a tile whose side is a multiple of 2^depth, in pixels.

    It is at least what the tile's output depends on, and such that the input fits the network. All
    tiles then meet the poolings in the same phase, so that tiles and whole image give the same.
    (The published 388 pixels are no multiple of 16.)
    """
    stride = 1 << depth
    if padding == "same":
        return -(-receptive_margin(depth) // stride) * stride
    return valid_margin(depth) + (-4 - 2 * valid_margin(depth)) % stride // 2

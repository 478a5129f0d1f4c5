"""Sides and margins of a U-Net: arithmetic only."""

from typing import Literal

Padding = Literal["valid", "same"]


def crop_width(depth: int, level: int) -> int:
    """Pixels that are cropped at each edge of what crosses over on ``level``: 4, 16, 40, 88.

    The two convolutions down and, but on the lowest level, the two up cost 2 pixels each way.
    """
    return 4 if level == depth - 1 else 2 * (crop_width(depth, level + 1) + 4)


def valid_margin(depth: int) -> int:
    """Pixels at each edge that an output pixel sees: what valid convolutions cut off.

    92 for the published depth of 4: 572 pixels in, 388 out.
    """
    return crop_width(depth, 0) + 4


def fitting_side(least: int, *, depth: int, padding: Padding) -> int:
    """The smallest side of an input, in pixels, that fits the network and is at least ``least``.

    Padded, that is a multiple of 2^depth; valid, each pooling has to meet an even side.
    """
    stride = 1 << depth
    offset = 4 * (stride - 1) % stride if padding == "valid" else 0
    smallest = 2 * valid_margin(depth) + stride if padding == "valid" else stride
    side = max(least, smallest)
    return side + (offset - side) % stride


def receptive_margin(depth: int) -> int:
    """Pixels beyond a tile that its output sees, in a padded network whose poolings it meets.

    8, 22, 46, 94: a little more than :func:`valid_margin`, since padded poolings start at the
    tile's own corner. Up, each level's two convolutions see 2 pixels on; down, they see 2 pixels
    on of what is twice as fine.
    """
    decoded = 0
    for _ in range(depth):
        decoded = -(-(decoded + 2) // 2)
    seen = decoded + 2
    for _ in range(depth):
        seen = 2 * seen + 2
    return seen


def tile_margin(depth: int, padding: Padding) -> int:
    """Pixels around a tile whose side is a multiple of 2^depth, so that the network takes it.

    At least what its output sees. All tiles then meet the poolings alike, wherever they lie, so
    that tiles and whole image give the same: 388, what 572 pixels give, is no such side.
    """
    stride = 1 << depth
    if padding == "same":
        return -(-receptive_margin(depth) // stride) * stride
    return valid_margin(depth) + (-4 - 2 * valid_margin(depth)) % stride // 2

"""The network's layer sizes, known without JAX."""

from dataclasses import dataclass

KERNEL_SIZE = 3
"""Side of a convolution's kernel."""


@dataclass(frozen=True)
class Architecture:
    """The sizes from which the shapes of all weights follow.

    Attributes:
        classes: Number of outputs.
        side: Height and width of the images in pixels, even, at least 6.
        filters: Output channels of the two convolutions.
        units: Units of the hidden dense layer.
        channels: Of the images: 1 of grey, 3 of RGB.

    Raises:
        ValueError: If `side` is odd or less than 6.

    Examples:
        >>> Architecture(classes=10).features
        9216
    """

    classes: int = 47
    side: int = 28
    filters: tuple[int, int] = (32, 64)
    units: int = 128
    channels: int = 1

    def __post_init__(self) -> None:
        if self.side < 6 or self.side % 2:
            raise ValueError(f"Expected images of an even side ≥ 6. Received: side={self.side}")

    @property
    def conv1_side(self) -> int:
        """Side of the first convolution's output."""
        return self.side - 2

    @property
    def pooled_side(self) -> int:
        """Side of the pooling layer's output."""
        return (self.side - 4) // 2

    @property
    def features(self) -> int:
        """Inputs of the first dense layer."""
        return self.pooled_side**2 * self.filters[1]

    @property
    def multiplications(self) -> int:
        """Multiplications of one image's forward pass by direct convolution."""
        first = self.conv1_side**2 * KERNEL_SIZE**2 * self.channels * self.filters[0]
        second = (2 * self.pooled_side) ** 2 * KERNEL_SIZE**2 * self.filters[0] * self.filters[1]
        return first + second + self.features * self.units + self.units * self.classes

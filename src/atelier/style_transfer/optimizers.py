"""Optimizers of an image that stop and continue: SciPy's L-BFGS and Keras' Adam."""

from collections.abc import Callable
from typing import Any, Protocol

import keras
import numpy as np
from scipy.optimize import minimize

from atelier.types import Array, Arrays

Loss = Callable[[Array], tuple[float, Array]]
"""A loss and its gradient at an image, (height, width, 3) float32."""
MEMORY = 10
"""Number of pairs of steps and gradients in the memory of L-BFGS, at most."""
LEAST_MEMORY = 3
MEMORY_BYTES = 2**30
"""Size up to which the memory of L-BFGS has all its pairs; a larger image has fewer."""


def memory_pairs(values: int) -> int:
    """Returns the number of pairs of steps and gradients that L-BFGS keeps.

    Args:
        values: Number of an image's values, of 8 bytes in each vector.

    Examples:
        >>> memory_pairs(512 * 512 * 3), memory_pairs(2048 * 2048 * 3)
        (10, 5)
    """
    fitting = MEMORY_BYTES // (2 * 8 * values)
    return min(max(fitting, LEAST_MEMORY), MEMORY)


class ImageOptimizer(Protocol):
    """A minimisation that can stop between two calls and continue later."""

    def run(self, loss: Loss, image: Array, iterations: int, tick: Callable[[], Any]) -> Array:
        """Returns the image after more iterations.

        Args:
            loss: The loss and its gradient.
            image: First image, (height, width, 3) float32.
            iterations: Number of iterations, at most.
            tick: Is called after each iteration.

        Returns:
            The last image, (height, width, 3) float32.
        """
        ...

    def state(self) -> dict[str, Array]:
        """Returns what another instance needs to continue."""
        ...

    def restore(self, state: Arrays) -> None:
        """Continues from a saved state."""
        ...


class Lbfgs:
    """SciPy's L-BFGS. Each call starts with an empty memory, so that it has no state."""

    def run(self, loss: Loss, image: Array, iterations: int, tick: Callable[[], Any]) -> Array:
        """Returns the image after ``iterations``, or fewer where no step reduces the loss.

        Args:
            loss: The loss and its gradient.
            image: First image, (height, width, 3) float32.
            iterations: Number of iterations, at most.
            tick: Is called after each iteration.

        Returns:
            The last image, (height, width, 3) float32.
        """

        def flat_loss(values: Array) -> tuple[float, Array]:
            value, gradient = loss(values.reshape(image.shape).astype(np.float32))
            return value, gradient.ravel().astype(np.float64)

        result = minimize(
            flat_loss,
            image.ravel().astype(np.float64),
            jac=True,
            method="L-BFGS-B",
            callback=lambda _: tick(),
            options={
                "maxiter": iterations,
                "maxfun": 20 * iterations,
                "maxcor": memory_pairs(image.size),
                "ftol": 0,
            },
        )
        return np.asarray(result.x.reshape(image.shape), np.float32)

    def state(self) -> dict[str, Array]:
        """Returns an empty state."""
        return {}

    def restore(self, state: Arrays) -> None:
        """Does nothing: there is no state."""


class Adam:
    """Keras' Adam on the pixels.

    Args:
        shape: Shape of the image, (height, width, 3).
        learning_rate: In grey levels, above 0.
    """

    def __init__(self, shape: tuple[int, ...], learning_rate: float) -> None:
        self._image = keras.Variable(np.zeros(shape, np.float32))
        self._optimizer = keras.optimizers.Adam(learning_rate)
        self._optimizer.build([self._image])

    def run(self, loss: Loss, image: Array, iterations: int, tick: Callable[[], Any]) -> Array:
        """Returns the image after ``iterations``.

        Args:
            loss: The loss and its gradient.
            image: First image, (height, width, 3) float32.
            iterations: Number of iterations.
            tick: Is called after each iteration.

        Returns:
            The last image, (height, width, 3) float32.
        """
        self._image.assign(image)
        for _ in range(iterations):
            _, gradient = loss(np.asarray(self._image))
            self._optimizer.apply([keras.ops.convert_to_tensor(gradient)], [self._image])
            tick()
        return np.array(self._image)

    def state(self) -> dict[str, Array]:
        """Returns Adam's moments and its number of steps."""
        variables = self._optimizer.variables
        return {f"adam.{index}": np.asarray(variable) for index, variable in enumerate(variables)}

    def restore(self, state: Arrays) -> None:
        """Continues with saved moments and number of steps."""
        for index, variable in enumerate(self._optimizer.variables):
            variable.assign(state[f"adam.{index}"])


def build_image_optimizer(
    name: str, shape: tuple[int, ...], learning_rate: float
) -> ImageOptimizer:
    """Builds an optimizer of images.

    Args:
        name: ``lbfgs`` or ``adam``.
        shape: Shape of the image, (height, width, 3).
        learning_rate: Of Adam, in grey levels.

    Returns:
        The optimizer.
    """
    return Lbfgs() if name == "lbfgs" else Adam(shape, learning_rate)

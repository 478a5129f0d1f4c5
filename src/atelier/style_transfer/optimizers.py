"""The ways down: L-BFGS (SciPy's) and Adam (Keras'), some iterations at a time."""

from collections.abc import Callable
from typing import Any, Protocol

import keras
import numpy as np
from scipy.optimize import minimize

from atelier.types import Array, Arrays

Loss = Callable[[Array], tuple[float, Array]]
"""A loss and its gradient at an image, (height, width, 3) float32."""
MEMORY = 10
"""Pairs of steps and gradients that L-BFGS keeps."""


class ImageOptimizer(Protocol):
    """A minimisation that can be stopped between two calls and taken up again."""

    def run(self, loss: Loss, image: Array, iterations: int, tick: Callable[[], Any]) -> Array:
        """The image after some more iterations, ``tick`` called after each."""
        ...

    def state(self) -> dict[str, Array]:
        """What another instance needs to go on from here."""
        ...

    def restore(self, state: Arrays) -> None:
        """Stand where a saved state stood."""
        ...


class Lbfgs:
    """SciPy's L-BFGS. Each call begins with an empty memory, so there is no state to keep."""

    def run(self, loss: Loss, image: Array, iterations: int, tick: Callable[[], Any]) -> Array:
        """The image after ``iterations``, or fewer where no step goes down any more."""

        def flat(values: Array) -> tuple[float, Array]:
            value, gradient = loss(values.reshape(image.shape).astype(np.float32))
            return value, gradient.ravel().astype(np.float64)

        found = minimize(
            flat,
            image.ravel().astype(np.float64),
            jac=True,
            method="L-BFGS-B",
            callback=lambda _: tick(),
            options={"maxiter": iterations, "maxfun": 20 * iterations, "maxcor": MEMORY, "ftol": 0},
        )
        return np.asarray(found.x.reshape(image.shape), np.float32)

    def state(self) -> dict[str, Array]:
        """Nothing."""
        return {}

    def restore(self, state: Arrays) -> None:
        """Nothing to take up."""


class Adam:
    """Keras' Adam on the pixels.

    Args:
        shape: Of the image, (height, width, 3).
        learning_rate: In grey levels.
    """

    def __init__(self, shape: tuple[int, ...], learning_rate: float) -> None:
        self._image = keras.Variable(np.zeros(shape, np.float32))
        self._optimizer = keras.optimizers.Adam(learning_rate)
        self._optimizer.build([self._image])

    def run(self, loss: Loss, image: Array, iterations: int, tick: Callable[[], Any]) -> Array:
        """The image after ``iterations``."""
        self._image.assign(image)
        for _ in range(iterations):
            _, gradient = loss(np.asarray(self._image))
            self._optimizer.apply([keras.ops.convert_to_tensor(gradient)], [self._image])
            tick()
        return np.array(self._image)

    def state(self) -> dict[str, Array]:
        """Adam's moments and its count of steps."""
        variables = self._optimizer.variables
        return {f"adam.{index}": np.asarray(variable) for index, variable in enumerate(variables)}

    def restore(self, state: Arrays) -> None:
        """Take up moments and count."""
        for index, variable in enumerate(self._optimizer.variables):
            variable.assign(state[f"adam.{index}"])


def build_image_optimizer(
    optimizer: str, shape: tuple[int, ...], learning_rate: float
) -> ImageOptimizer:
    """``lbfgs`` or ``adam``."""
    return Lbfgs() if optimizer == "lbfgs" else Adam(shape, learning_rate)

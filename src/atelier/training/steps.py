"""One step of gradient descent on variables, inside or outside a compiled function."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf


def gradient_step(
    loss: Callable[[], Any],
    variables: Sequence[keras.Variable],
    optimizer: keras.optimizers.Optimizer,
) -> Any:
    """Moves variables by one step of an optimizer against the gradient of a loss.

    Args:
        loss: Computes the loss, a scalar tensor, from the variables.
        variables: Changed in place.
        optimizer: Built for the same variables.

    Returns:
        The loss before the step.

    Examples:
        >>> import keras
        >>> from atelier.training import gradient_step
        >>> x = keras.Variable(3.0)
        >>> optimizer = keras.optimizers.SGD(0.1)
        >>> optimizer.build([x])
        >>> float(gradient_step(lambda: x * x, [x], optimizer))
        9.0
        >>> round(float(x), 3)
        2.4
    """
    with tf.GradientTape() as tape:
        value = loss()
    optimizer.apply(tape.gradient(value, [variable.value for variable in variables]), variables)
    return value

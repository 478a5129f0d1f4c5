"""Dense networks with rectified units, as plain arrays."""

import numpy as np

from atelier.types import Array

Weights = list[Array]
"""Weights of a network of dense layers: matrix, bias, matrix, bias …"""


def forward(weights: Weights, x: Array, *, scales: list[Array] | None = None) -> Array:
    """Returns the logits of a network of rectified dense layers.

    Args:
        weights: Matrices, (inputs, units), and biases, (units,), of each layer in turn.
        x: Inputs, (n, features).
        scales: Of each hidden layer what its units are multiplied by, (n, units) or (units,).

    Returns:
        Logits, (n, classes).

    Examples:
        >>> import numpy as np
        >>> weights = [np.eye(2), np.zeros(2), np.eye(2), np.ones(2)]
        >>> forward(weights, np.array([[3.0, -3.0]])).tolist()
        [[4.0, 1.0]]
    """
    *hidden, last = zip(weights[::2], weights[1::2], strict=True)
    for layer, (matrix, bias) in enumerate(hidden):
        x = np.maximum(x @ matrix + bias, 0)
        x = x if scales is None else x * scales[layer]
    return np.asarray(x @ last[0] + last[1])

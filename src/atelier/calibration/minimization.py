"""Minimizers of convex losses, by L-BFGS-B."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize

from atelier.types import Array

MAX_ITERATIONS = 1000
TOLERANCE = 1e-10
"""Decrease of the loss in one iteration, relative where the loss is above 1, that ends a search."""
NEGLIGIBLE = 1e-6
"""A loss so near 0, which is the least that there is, ends a search."""
FLATTEST = 1e-10
"""Least curvature of a parameter, relative to the largest, that its unit is derived from."""


def minimize_convex(
    loss: Callable[[Array], tuple[float, Array]],
    start: Array,
    *,
    curvatures: Array | None = None,
    lower: Array | None = None,
    max_iterations: int = MAX_ITERATIONS,
) -> tuple[Array, bool]:
    """Returns the minimizer of a convex loss ≥ 0, which returns its gradient as well.

    Args:
        loss: From (m,) to the loss and its gradient, (m,).
        start: (m,).
        curvatures: Approximate second derivatives, (m,) ≥ 0; parameters are scaled by their roots.
            All are 1 if there are none.
        lower: Lower bounds, (m,); −∞ where there is none.
        max_iterations: Of L-BFGS-B.

    Returns:
        The parameters of the least loss that was found, (m,), and whether the search ended by
        itself: where the loss is NEGLIGIBLE, or hardly decreases (TOLERANCE).

    Examples:
        >>> import numpy as np
        >>> place = np.array([3.0, -2.0])
        >>> found, has_ended = minimize_convex(
        ...     lambda x: (1 + float((x - place) @ (x - place)), 2 * (x - place)), np.zeros(2)
        ... )
        >>> found.round(6).tolist(), has_ended
        ([3.0, -2.0], True)
    """
    unit = np.ones(len(start))
    if curvatures is not None and curvatures.max() > 0:
        unit = 1 / np.sqrt(np.maximum(curvatures, FLATTEST * float(curvatures.max())))

    def scaled(steps: Array) -> tuple[float, Array]:
        value, gradient = loss(start + unit * steps)
        return value, gradient * unit

    def end_near_zero(intermediate_result: Any) -> None:
        if intermediate_result.fun < NEGLIGIBLE:
            raise StopIteration

    options: Any = {
        "maxiter": max_iterations,
        "maxfun": 2 * max_iterations,
        "maxcor": 20,
        "ftol": TOLERANCE,
        "gtol": 1e-10,
    }
    bounds: Any = None if lower is None else [((low - x) / u, None) for low, x, u in zip(
        lower, start, unit, strict=True)]  # fmt: skip
    optimum: Any = minimize(
        scaled,
        np.zeros(len(start)),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options=options,
        callback=end_near_zero,
    )
    return np.asarray(start + unit * optimum.x), bool(optimum.nit < max_iterations)

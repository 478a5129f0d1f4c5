"""Schedules of the learning rate: its factor at each step of a training."""

from collections.abc import Callable

import numpy as np

from atelier.types import Array

WARM_UP = 0.1
"""Share of a training in which the rate of ``one_cycle`` rises."""


def constant(steps: int) -> Array:
    """Returns 1 for each step."""
    return np.ones(steps)


def linear(steps: int) -> Array:
    """Returns factors that fall from 1 at the first step to 0 after the last: 1 − i / steps.

    Examples:
        >>> linear(4)
        array([1.  , 0.75, 0.5 , 0.25])
    """
    return 1 - np.arange(steps) / steps


def one_cycle(steps: int) -> Array:
    """Returns factors that rise linearly in the first tenth of the steps, then fall to 0.

    With w steps of warm-up the factor is i / w at step i < w, counted from 0, and
    (1 + cos(π (i − w) / (steps − w))) / 2 from there on (Loshchilov & Hutter 2017, Smith & Topin
    2018; Keras' ``CosineDecay`` with ``warmup_steps``).

    Examples:
        >>> one_cycle(20)[[0, 1, 2, 11]].round(6)
        array([0. , 0.5, 1. , 0.5])
    """
    warm_up, step = round(WARM_UP * steps), np.arange(steps)
    falling = (1 + np.cos(np.pi * (step - warm_up) / (steps - warm_up))) / 2
    return np.where(step < warm_up, step / max(warm_up, 1), falling)


SCHEDULES: dict[str, Callable[[int], Array]] = {
    "constant": constant,
    "one_cycle": one_cycle,
    "linear": linear,
}
"""Factors of the learning rate, (steps,) in [0, 1], by name."""

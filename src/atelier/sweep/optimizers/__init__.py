"""The steps of the study's optimizers, with the default constants of Keras except for the rate.

The rates are arrays that broadcast against the weights: one rate per member of the population.
``t`` counts the steps from 1.
"""

import jax.numpy as jnp

from atelier.plugins import load_plugins
from atelier.sweep.optimizers.adam_family import (
    ADAM_FIRST,
    ADAM_SECOND,
    NADAM_DECAY,
    SCHEDULE_FREE_EPSILON,
    adam,
    nadam,
    schedule_free_adamw,
    schedule_free_mean,
)
from atelier.sweep.optimizers.adaptive import (
    ADADELTA_RHO,
    ADAGRAD_INITIAL,
    EPSILON,
    RMSPROP_RHO,
    adadelta,
    adagrad,
    rmsprop,
)
from atelier.sweep.optimizers.base import Optimizer, Slots, initial_slots, update_array
from atelier.sweep.optimizers.distance_over_gradients import (
    AVERAGE_EXPONENT,
    DOG_EPSILON,
    FIRST_DISTANCE,
    first_distance,
    first_total,
    l_dog,
    polynomial_mean,
)
from atelier.sweep.optimizers.gradient_descent import (
    LION_FIRST,
    LION_SECOND,
    MOMENTUM,
    lion,
    momentum,
    sgd,
)
from atelier.sweep.optimizers.newton_schulz import (
    MUON_MOMENTUM,
    MUON_SCALE,
    NEWTON_SCHULZ,
    NEWTON_SCHULZ_STEPS,
    muon,
)
from atelier.sweep.plan import OptimizerName

__all__ = ["OPTIMIZERS", "Optimizer", "Slots", "initial_slots", "update_array"]

BETAS = f"β₁ {ADAM_FIRST}, β₂ {ADAM_SECOND}"
WEIGHT_DECAY = 0.004
MUON = Optimizer((0.0,), muon, weight_decay=WEIGHT_DECAY)

OPTIMIZERS: dict[OptimizerName, Optimizer] = {
    "adam": Optimizer((0.0, 0.0), adam, f"{BETAS}, ε {EPSILON:g}"),
    "adadelta": Optimizer((0.0, 0.0), adadelta, f"ρ {ADADELTA_RHO}, ε {EPSILON:g}"),
    "adagrad": Optimizer(
        (ADAGRAD_INITIAL,), adagrad, f"first sum {ADAGRAD_INITIAL}, ε {EPSILON:g}"
    ),
    "sgd": Optimizer((), sgd, "no momentum"),
    "adamw": Optimizer(
        (0.0, 0.0),
        adam,
        f"{BETAS}, ε {EPSILON:g}, weight decay {WEIGHT_DECAY}",
        weight_decay=WEIGHT_DECAY,
    ),
    "rmsprop": Optimizer((0.0,), rmsprop, f"ρ {RMSPROP_RHO}, ε {EPSILON:g}, no momentum"),
    "nadam": Optimizer((0.0, 0.0), nadam, f"{BETAS}, decay of β₁ {NADAM_DECAY}, ε {EPSILON:g}"),
    "momentum": Optimizer((0.0,), momentum, f"Nesterov's momentum {MOMENTUM}"),
    "lion": Optimizer(
        (0.0,), lion, f"β₁ {LION_FIRST}, β₂ {LION_SECOND}, weight decay 0", weight_decay=0.0
    ),
    "schedule_free_adamw": Optimizer(
        (jnp.copy, 0.0),
        schedule_free_adamw,
        f"{BETAS}, ε {SCHEDULE_FREE_EPSILON:g}, no warm-up, weight decay 0",
        final=schedule_free_mean,
    ),
    "muon": Optimizer(
        (0.0, 0.0),
        adam,
        f"hidden dense layer: momentum {MUON_MOMENTUM} (Nesterov), Newton-Schulz {NEWTON_SCHULZ} "
        f"× {NEWTON_SCHULZ_STEPS}, scale {MUON_SCALE}; all else Adam: {BETAS}, ε {EPSILON:g}; "
        f"weight decay {WEIGHT_DECAY}",
        weight_decay=WEIGHT_DECAY,
        matrix=MUON,
    ),
    "l_dog": Optimizer(
        (jnp.copy, jnp.copy, first_distance, first_total),
        l_dog,
        f"no rate, first distance {FIRST_DISTANCE:g}, ε {DOG_EPSILON:g}, "
        f"averaging exponent {AVERAGE_EXPONENT}",
        final=polynomial_mean,
        rate_free=True,
    ),
}
"""The study's optimizers, then those that other packages register under the group
``atelier.optimizers``."""

OPTIMIZERS |= load_plugins(
    "atelier.optimizers",
    accepts=lambda plugin: isinstance(plugin, Optimizer),
    expected="an atelier.sweep.optimizers.Optimizer",
    taken=OPTIMIZERS,
)

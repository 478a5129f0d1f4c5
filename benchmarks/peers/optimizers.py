"""Steps of optax' optimizers, with the constants of Keras, as the sweep has them."""

from collections.abc import Callable
from functools import partial
from typing import Any


def of_optax(weights: Any, gradient: Any, rate: Any, steps: Any) -> dict[str, Callable[[], Any]]:
    """Returns the weights after some steps of each optimizer along one gradient."""
    import jax
    import numpy as np
    import optax

    eta = float(rate)
    optimizers = {
        "adam": optax.adam(eta, eps=1e-7),
        "adadelta": optax.adadelta(eta, rho=0.95, eps=1e-7),
        "adagrad": optax.adagrad(eta, initial_accumulator_value=0.1, eps=1e-7),
        "sgd": optax.sgd(eta),
        "adamw": optax.adamw(eta, eps=1e-7, weight_decay=0.004),
        "rmsprop": optax.rmsprop(eta, decay=0.9, eps=1e-7),
        "momentum": optax.sgd(eta, momentum=0.9, nesterov=True),
        "lion": optax.lion(eta, b1=0.9, b2=0.99, weight_decay=0.0),
    }

    def updated(optimizer: Any) -> Callable[[], Any]:
        @partial(jax.jit, donate_argnums=(0, 1))
        def step(w: Any, state: Any, g: Any) -> Any:
            updates, state = optimizer.update(g, state, w)
            return optax.apply_updates(w, updates), state

        def run() -> Any:
            w, g = jax.numpy.array(weights), jax.numpy.array(gradient)
            state = optimizer.init(w)
            for _ in range(int(steps)):
                w, state = step(w, state, g)
            return np.asarray(w)

        return run

    return {name: updated(optimizer) for name, optimizer in optimizers.items()}


PEERS = {"optax": of_optax}

"""Steps of the sweep's optimizers against optax: seconds, ratios, and equal weights.

`python benchmarks/optimizers.py [--peers PYTHON]`, where PYTHON is an interpreter that has optax,
which is no dependency of this project; without it only this project's seconds are printed. The
array is the hidden dense layer of the sweep's network, float32; each call takes 100 compiled steps
along one gradient, with Keras' constants. Weights must agree within `TOLERANCE`; then calls take
turns, and medians of a step are printed. `--tiny`: an array of 8 × 4, two steps.
"""

import statistics
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from peers.process import PeerProcess
from rows import benchmark_parser, write_rows

from atelier.sweep.architecture import Architecture
from atelier.sweep.optimizers import OPTIMIZERS, Slots, initial_slots, update_array
from atelier.sweep.plan import OptimizerName
from atelier.types import Array

RATE = 1e-3
TOLERANCE = 1e-4
"""Largest difference of the weights, of about 1. No gradient is near 0, where it would matter that
ε stands elsewhere in optax' formulas."""


def updated(
    name: OptimizerName, weights: Array, gradient: Array, steps: int
) -> Callable[[], Array]:
    """Returns a call that updates weights by some steps along one gradient.

    Args:
        name: Of the optimizer.
        weights: Of shape (features, units).
        gradient: Of the same shape.
        steps: Number of updates.
    """
    optimizer = OPTIMIZERS[name]
    rate, decay = jnp.float32(RATE), jnp.float32(optimizer.weight_decay or 0.0)

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(w: jax.Array, slots: Slots, g: jax.Array, t: jax.Array) -> tuple[jax.Array, Slots]:
        return update_array(optimizer, w, slots, g, rate, decay, t)

    def run() -> Array:
        w, g = jnp.array(weights[None]), jnp.array(gradient[None])  # a population of one
        slots = initial_slots(optimizer, w)
        for t in range(1, steps + 1):
            w, slots = step(w, slots, g, jnp.float32(t))
        return np.asarray(w[0])

    return run


def main() -> None:
    """Prints a line for each optimizer that optax has, too."""
    options = benchmark_parser(__doc__, repeats=5).parse_args()
    names: list[OptimizerName] = [
        "adam", "adadelta", "adagrad", "sgd", "adamw", "rmsprop", "momentum", "lion"
    ]  # fmt: skip
    network = Architecture()
    shape, steps = ((8, 4), 2) if options.tiny else ((network.features, network.units), 100)
    rng = np.random.default_rng(0)
    weights = rng.normal(size=shape).astype(np.float32)
    gradient = (rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape)).astype(np.float32)
    inputs = {"weights": weights, "gradient": gradient, "rate": RATE, "steps": steps}
    print(f"milliseconds of a step on {shape[0]:,} × {shape[1]} weights")
    rows = []
    with PeerProcess(options.peers, "optimizers", inputs) as peers:
        for name in names:
            call = updated(name, weights, gradient, steps)
            row = peers.compare(name, call, repeats=options.repeats, tolerance=TOLERANCE).row
            ours, theirs = ([s / steps for s in turns] for turns in (row.ours, row.theirs))
            row = replace(row, ours=ours, theirs=theirs)
            line = f"{name:9} {1e3 * row.seconds:8.3f} ms"
            if row.peer:
                line += (
                    f"   {row.peer} {1e3 * statistics.median(theirs):8.3f} ms ({row.ratio:.1f}x)"
                )
            print(line, flush=True)
            rows.append(row)
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()

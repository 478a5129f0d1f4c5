"""Trains the members of the plane: networks that differ in two learning rates only.

The network and the measure are those of Sohl-Dickstein 2024 (arXiv 2402.06184). Members lie on the
last axis, so that the product of the inputs with the first layers of all members is one matrix
product. On a CPU blocks of members are trained in threads, on a GPU all members at once.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from atelier.trainability.params import Nonlinearity, Precision
from atelier.trainability.problem import TrainingProblem
from atelier.types import Array

LARGEST_LOSS = 1e6
"""Largest loss, relative to the first, that counts; a loss that is not finite counts as this."""
LAST_STEPS = 20
"""Steps whose mean loss decides whether a member has converged."""
MEMBERS_PER_BLOCK = 32
"""Members of a block on a CPU: the hidden units of a block fit into the second-level cache."""


class _Weights(NamedTuple):
    first: jax.Array  # (inputs, units, members)
    last: jax.Array  # (units, members)


class _Data(NamedTuple):
    inputs: jax.Array  # (examples, inputs), divided by the root of the number of inputs
    targets: jax.Array  # (examples, 1)
    batches: jax.Array | None  # (steps, batch)


class _State(NamedTuple):
    step: jax.Array
    weights: _Weights
    first_losses: jax.Array  # (members,), and so the rest
    are_finite: jax.Array
    sums: jax.Array  # of the losses, relative to the first
    inverse_sums: jax.Array
    last_sums: jax.Array  # over the last steps


def train_members(
    problem: TrainingProblem,
    first_rates: Array,
    last_rates: Array,
    *,
    nonlinearity: Nonlinearity,
    steps: int,
    precision: Precision = "float32",
    threads: int = 1,
) -> Array:
    """Trains one network for each pair of learning rates and measures its convergence.

    With the loss ℓ(t) at step t, relative to the first loss and at most 10⁶, a member has converged
    if the mean of its last 20 losses is below 1. The measure is −Σ ℓ(t) if it has, and Σ 1/ℓ(t) if
    it has not: both are near 0 for a fast member, and far from it for a slow one. A loss that is
    not finite, and all losses after it, count as 10⁶.

    Args:
        problem: Examples, first weights and batches.
        first_rates: Learning rates of the first layer, (members,).
        last_rates: Learning rates of the last layer, (members,).
        nonlinearity: Of the hidden layer.
        steps: Number of steps.
        precision: Of weights and rates.
        threads: Blocks of members trained at once on a CPU; changes no result.

    Returns:
        The measure of each member, (members,) float64: negative if it has converged, else positive.

    Raises:
        ValueError: If the rates are not two arrays of one length > 0.

    Examples:
        >>> problem = TrainingProblem(np.eye(2), np.ones(2), np.eye(2), np.ones(2), None)
        >>> rates = np.array([0.1, 1e4])
        >>> train_members(problem, rates, rates, nonlinearity="identity", steps=30) < 0
        array([ True, False])
    """
    if first_rates.ndim != 1 or first_rates.shape != last_rates.shape or not len(first_rates):
        raise ValueError(
            "Expected two arrays of rates, (members,) with members > 0. Received: "
            f"{first_rates.shape} and {last_rates.shape}"
        )
    members = len(first_rates)
    on_cpu = jax.default_backend() == "cpu"
    block = MEMBERS_PER_BLOCK if on_cpu else members
    rates = np.pad(
        np.stack([first_rates, last_rates]), [(0, 0), (0, -members % block)], mode="edge"
    )
    train = _compiled_training(nonlinearity, steps)
    with jax.enable_x64(precision == "float64"):
        weights, data = _initial_weights(problem, block, precision), _data(problem, precision)

    def train_block(start: int) -> Array:
        with jax.enable_x64(precision == "float64"):  # a setting of the thread
            first, last = jnp.asarray(rates[:, start : start + block], precision)
            return np.asarray(train(weights, data, _Weights(first, last)), np.float64)

    with ThreadPoolExecutor(threads if on_cpu else 1) as pool:
        measures = list(pool.map(train_block, range(0, rates.shape[1], block)))
    return np.concatenate(measures)[:members]


def _initial_weights(problem: TrainingProblem, members: int, precision: Precision) -> _Weights:
    arrays = (problem.first_weights, problem.last_weights)
    return _Weights(
        *(jnp.repeat(jnp.asarray(w, precision)[..., None], members, -1) for w in arrays)
    )


def _data(problem: TrainingProblem, precision: Precision) -> _Data:
    scaled = problem.inputs / np.sqrt(problem.inputs.shape[1])
    batches = None if problem.batches is None else jnp.asarray(problem.batches, "int32")
    return _Data(
        jnp.asarray(scaled, precision), jnp.asarray(problem.targets[:, None], precision), batches
    )


def _activate(nonlinearity: Nonlinearity, sums: jax.Array) -> jax.Array:
    """Returns the hidden units, with the factor √2 of the paper."""
    if nonlinearity == "tanh":
        return jnp.tanh(np.sqrt(2).item() * sums)
    return sums if nonlinearity == "identity" else np.sqrt(2).item() * jax.nn.relu(sums)


def _mean_losses(
    nonlinearity: Nonlinearity, weights: _Weights, inputs: jax.Array, targets: jax.Array
) -> jax.Array:
    """Returns the mean squared error of each member, (members,).

    The network is f(x) = v · φ(Wᵀx / √n) / n with n units: the mean-field parametrization.
    """
    n_inputs, units, members = weights.first.shape
    sums = inputs @ weights.first.reshape(n_inputs, units * members)
    hidden = _activate(nonlinearity, sums).reshape(len(inputs), units, members)
    outputs = (hidden * weights.last).sum(1) / units
    return ((outputs - targets) ** 2).mean(0)


def _losses_and_gradients(
    nonlinearity: Nonlinearity, step: jax.Array, weights: _Weights, data: _Data
) -> tuple[jax.Array, _Weights]:
    """Returns the losses on all examples, and the gradients on those of the step."""

    def total(weights: _Weights, rows: jax.Array | slice) -> tuple[jax.Array, jax.Array]:
        losses = _mean_losses(nonlinearity, weights, data.inputs[rows], data.targets[rows])
        return losses.sum(), losses  # a member's loss depends on its own weights alone

    rows = slice(None) if data.batches is None else data.batches[step]
    gradients, losses = jax.grad(total, has_aux=True)(weights, rows)
    if data.batches is not None:
        losses = total(weights, slice(None))[1]
    return losses, gradients


def _advance(
    state: _State, data: _Data, rates: _Weights, *, nonlinearity: Nonlinearity, steps: int
) -> _State:
    """Takes one step with all members."""
    losses, gradients = _losses_and_gradients(nonlinearity, state.step, state.weights, data)
    first_losses = jnp.where(state.step == 0, losses, state.first_losses)
    are_finite = state.are_finite & jnp.isfinite(losses)
    relative = jnp.minimum(losses / first_losses, LARGEST_LOSS)
    relative = jnp.where(are_finite, relative, LARGEST_LOSS)
    is_last = state.step >= steps - LAST_STEPS
    return _State(
        state.step + 1,
        _Weights(
            state.weights.first - rates.first * gradients.first,
            state.weights.last - rates.last * gradients.last,
        ),
        first_losses,
        are_finite,
        state.sums + relative,
        state.inverse_sums + 1 / relative,
        state.last_sums + jnp.where(is_last, relative, 0),
    )


@lru_cache
def _compiled_training(
    nonlinearity: Nonlinearity, steps: int
) -> Callable[[_Weights, _Data, _Weights], jax.Array]:
    """Returns the training as one compiled loop, which ends early if no loss is finite."""

    def train(weights: _Weights, data: _Data, rates: _Weights) -> jax.Array:
        zeros = jnp.zeros_like(rates.first)
        end = jax.lax.while_loop(
            lambda state: (state.step < steps) & state.are_finite.any(),
            lambda state: _advance(state, data, rates, nonlinearity=nonlinearity, steps=steps),
            _State(jnp.int32(0), weights, zeros, zeros == 0, zeros, zeros, zeros),
        )
        have_converged = end.are_finite & (end.last_sums < min(LAST_STEPS, steps))
        remaining = (steps - end.step) / LARGEST_LOSS
        return jnp.where(have_converged, -end.sums, end.inverse_sums + remaining)

    # Threads are for blocks of members, not for matrix products.
    on_cpu = jax.default_backend() == "cpu"
    options = {"xla_cpu_multi_thread_eigen": False} if on_cpu else None
    return jax.jit(train, compiler_options=options)

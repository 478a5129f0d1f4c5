"""One compiled step of a population's training: loss, gradients, and the optimizer's update."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from atelier.sweep.architecture import Architecture
from atelier.sweep.convolution import Convolutions
from atelier.sweep.layouts import LAYOUTS, LayoutName
from atelier.sweep.network import PopulationWeights, classify, dropout_multipliers
from atelier.sweep.optimizers import OPTIMIZERS, Optimizer, Slots, update_array
from atelier.sweep.plan import Activations, OptimizerName

PREDICTION_BATCH = 16
"""Images that are predicted at once."""


@dataclass(frozen=True)
class Engine:
    """How a step is computed; changes no result except by rounding."""

    layout: LayoutName
    blocks: int
    """Parts of a batch that are convolved one after another, if they divide it."""
    vectorized: bool
    """Whether one step trains the whole population, or a single member."""
    activations: Activations = "float32"
    threads: int = 1
    """Members trained at once if each is trained in a step of its own."""


def select_engine(*, threads: int = 1, activations: Activations = "float32") -> Engine:
    """Returns the engine for the device that JAX uses.

    Args:
        threads: Members trained at once on a CPU.
        activations: Type in which they are stored between the layers.

    Returns:
        On a CPU a step for each member, on another device one step for the population.
    """
    if jax.default_backend() == "cpu":
        return Engine("winograd", 8, vectorized=False, activations=activations, threads=threads)
    return Engine("im2col", 1, vectorized=True, activations=activations)


class State(NamedTuple):
    """State of a population's training."""

    weights: PopulationWeights[jax.Array]
    slots: PopulationWeights[Slots]
    step: jax.Array
    losses: jax.Array  # (steps, members)


class Hyperparameters(NamedTuple):
    """The numbers in which the members differ, on the device."""

    rates: jax.Array  # (steps, members): learning rates
    dropouts: jax.Array  # (members,)
    seeds: jax.Array  # (members,)
    decays: jax.Array  # (members,): weight decays


@lru_cache(maxsize=32)
def compiled_steps(
    architecture: Architecture, optimizer: OptimizerName, engine: Engine
) -> Callable[..., State]:
    """Compiles the training loop.

    Args:
        architecture: Layer sizes of the network.
        optimizer: Name of the optimizer.
        engine: How a step is computed.

    Returns:
        A function from (state, hyperparameters, pixels, labels, order, until) to the state after
        ``until`` steps in all. It consumes the state.
    """
    convolutions = _convolutions(architecture, engine, engine.blocks)
    step = partial(_step, convolutions, optimizer)

    def advance(
        state: State,
        hyperparameters: Hyperparameters,
        pixels: jax.Array,
        labels: jax.Array,
        order: jax.Array,
        until: jax.Array,
    ) -> State:
        def body(state: State) -> State:
            rows = order[state.step]
            return step(state, hyperparameters, pixels[rows], labels[rows])

        return lax.while_loop(lambda state: state.step < until, body, state)

    return jax.jit(advance, donate_argnums=0, compiler_options=_compiler_options())


def _compiler_options() -> dict[str, bool]:
    """Gives each member one thread on a CPU: the cores are shared by members, not by products."""
    return {"xla_cpu_multi_thread_eigen": False} if jax.default_backend() == "cpu" else {}


def _convolutions(architecture: Architecture, engine: Engine, blocks: int) -> Convolutions:
    layout, dtype = LAYOUTS[engine.layout], jnp.dtype(engine.activations)
    return Convolutions(architecture, layout, blocks, dtype)


def _step(
    convolutions: Convolutions,
    optimizer: OptimizerName,
    state: State,
    hyperparameters: Hyperparameters,
    pixels: jax.Array,
    labels: jax.Array,
) -> State:
    """Trains all members on one batch."""
    weights, batch, t = state.weights, len(labels), (state.step + 1).astype(jnp.float32)
    units = batch * convolutions.architecture.features
    multipliers = dropout_multipliers(
        hyperparameters.seeds, hyperparameters.dropouts, state.step, units
    )
    encoded, residuals = convolutions.forward(weights, _unit(pixels), multipliers)
    hidden, logits = classify(weights, encoded)
    log_probs = jax.nn.log_softmax(logits)
    truth = jax.nn.one_hot(labels, logits.shape[-1])
    losses = -(log_probs * truth).sum(-1).mean(-1)
    d_logits = (jnp.exp(log_probs) - truth) / batch
    d_hidden = jnp.einsum("kbj,kij->kbi", d_logits, weights.output)
    d_hidden = jnp.where(hidden > 0, d_hidden, 0.0)
    rates, decays = hyperparameters.rates[state.step], hyperparameters.decays
    d_encoded, dense, dense_slots = _dense_backward(
        optimizer, weights.dense, state.slots.dense, encoded, d_hidden, rates, decays, t
    )
    updated, slots = _update(
        OPTIMIZERS[optimizer],
        state,
        PopulationWeights(
            *convolutions.backward(weights, residuals, d_encoded),
            *(None, d_hidden.sum(1)),  # the dense layer is updated already
            *(_outer(hidden, d_logits), d_logits.sum(1)),
        ),
        rates,
        decays,
        t,
    )
    return State(
        updated._replace(dense=dense),
        slots._replace(dense=dense_slots),
        state.step + 1,
        state.losses.at[state.step].set(losses),
    )


def _dense_backward(
    optimizer: OptimizerName,
    weights: jax.Array,
    slots: Slots,
    features: jax.Array,
    d_hidden: jax.Array,
    rates: jax.Array,
    decays: jax.Array,
    t: jax.Array,
) -> tuple[jax.Array, jax.Array, Slots]:
    """Computes the features' gradient and updates the large layer's weights and slots."""
    # weights times gradient, and not the reverse: a CPU packs the smaller of the two
    transposed = jnp.einsum("kij,kbj->kib", weights, d_hidden)
    d_features = lax.optimization_barrier(transposed).swapaxes(1, 2)  # type: ignore[no-untyped-call]
    gradient = _outer(features, _after(d_hidden, d_features))
    dense = OPTIMIZERS[optimizer].of_dense
    return d_features, *_update_array(dense, weights, slots, gradient, rates, decays, t)


def _after(x: jax.Array, y: jax.Array) -> jax.Array:
    """Returns ``x`` unchanged, but makes it depend on ``y``.

    No value is below -inf, which XLA does not know. Without this dependence it cannot tell that
    the old weights are not read any more when the new ones are computed, and copies them.
    """
    return jnp.where(y[:, :1, :1] < -jnp.inf, 0.0, x)


def _outer(x: jax.Array, dy: jax.Array) -> jax.Array:
    """Sums x dyᵀ over the batch: (members, batch, i) and (members, batch, j) → (members, i, j).

    It is written as a sum of products, which XLA fuses with the optimizer's update, so that the
    gradient of the large layer is never stored. On a CPU it is computed once for each of its
    uses, which for so few images still takes less time than to write and to read it.
    """
    return sum(x[:, b, :, None] * dy[:, b, None, :] for b in range(x.shape[1]))  # type: ignore[return-value]


def _update(
    optimizer: Optimizer,
    state: State,
    gradients: PopulationWeights[jax.Array | None],
    rates: jax.Array,
    decays: jax.Array,
    t: jax.Array,
) -> tuple[PopulationWeights[jax.Array], PopulationWeights[Slots]]:
    """Updates weights and slots that have a gradient, and returns the others unchanged."""
    pairs = [
        (w, slots) if g is None else _update_array(optimizer, w, slots, g, rates, decays, t)
        for w, slots, g in zip(state.weights, state.slots, gradients, strict=True)
    ]
    weights, slots = zip(*pairs, strict=True)
    return PopulationWeights(*weights), PopulationWeights(*slots)


def _update_array(
    optimizer: Optimizer,
    w: jax.Array,
    slots: Slots,
    g: jax.Array,
    rates: jax.Array,
    decays: jax.Array,
    t: jax.Array,
) -> tuple[jax.Array, Slots]:
    by_member = (-1, *(1,) * (w.ndim - 1))
    return update_array(
        optimizer, w, slots, g, rates.reshape(by_member), decays.reshape(by_member), t
    )


def _unit(pixels: jax.Array) -> jax.Array:
    """Converts (images, side, side, channels) uint8 to float32 in [0, 1]."""
    return pixels.astype(jnp.float32) / 255


@lru_cache(maxsize=8)
def compiled_prediction(architecture: Architecture, engine: Engine) -> Callable[..., jax.Array]:
    """Compiles the forward pass without dropout.

    Returns:
        A function from weights and images (parts, :data:`PREDICTION_BATCH`, side, side, channels)
        uint8 to logits (members, images, classes).
    """
    convolutions = _convolutions(architecture, engine, blocks=1)

    def predict(weights: PopulationWeights[jax.Array], parts: jax.Array) -> jax.Array:
        multipliers = jnp.ones((len(weights.bias1), PREDICTION_BATCH * architecture.features))

        def part(pixels: jax.Array) -> jax.Array:
            features, _ = convolutions.forward(weights, _unit(pixels), multipliers)
            return classify(weights, features).logits

        logits = lax.map(part, parts)  # (parts, members, JUDGED, classes)
        return jnp.moveaxis(logits, 0, 1).reshape(len(weights.bias1), -1, architecture.classes)

    return jax.jit(predict, compiler_options=_compiler_options())

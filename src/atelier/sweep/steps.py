"""One step of a population's training, compiled: loss, gradients, the optimizer's move."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import lax

from atelier.sweep.architecture import Architecture
from atelier.sweep.convolution import Convolutions
from atelier.sweep.layouts import LAYOUTS, LayoutName
from atelier.sweep.network import PopulationWeights, classify, dropout_multipliers
from atelier.sweep.optimizers import OPTIMIZERS, Slots
from atelier.sweep.plan import Activations, OptimizerName

PREDICTION_BATCH = 16
"""Images that are judged at once."""


@dataclass(frozen=True)
class Engine:
    """How the arithmetic is laid out; changes no result but by rounding."""

    layout: LayoutName
    blocks: int
    """Parts of a batch that go through the convolutions one after the other, where it divides."""
    vectorized: bool
    """The whole population in one step, or each member by itself."""
    kernels: bool = False
    """Train by :mod:`atelier.sweep.kernels` in place of that layout."""
    activations: Activations = "float32"
    threads: int = 1
    """Members that train at once where each trains by itself."""

    @property
    def name(self) -> str:
        """In a word."""
        return "kernels" if self.kernels else self.layout


class State(NamedTuple):
    """A population in training."""

    weights: PopulationWeights[jax.Array]
    slots: PopulationWeights[Slots]
    step: jax.Array
    losses: jax.Array  # (steps, members)


class Hyperparameters(NamedTuple):
    """In which the members differ, on the device."""

    rates: jax.Array
    dropouts: jax.Array
    seeds: jax.Array


class ConvolutionPasses(Protocol):
    """The convolutional half, forward and backward."""

    def forward(
        self, weights: PopulationWeights[jax.Array], images: jax.Array, multipliers: jax.Array
    ) -> tuple[jax.Array, Any]:
        """Features, and what the way back needs."""

    def backward(
        self, weights: PopulationWeights[jax.Array], residuals: Any, gradient: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
        """Gradients of conv1, bias1, conv2 and bias2."""


DenseBackward = Callable[
    [OptimizerName, jax.Array, Slots, jax.Array, jax.Array, jax.Array, jax.Array],
    tuple[jax.Array, jax.Array, Slots],
]
"""(optimizer, weights, slots, features, d_hidden, rates, t) → (d_features, weights, slots)."""


class Implementation(NamedTuple):
    """Who computes what is heavy: the plain way, or by kernels."""

    convolutions: ConvolutionPasses
    dense_backward: DenseBackward


@lru_cache(maxsize=32)
def compiled_steps(
    architecture: Architecture, optimizer: OptimizerName, engine: Engine
) -> Callable[..., State]:
    """(state, numbers, pixels, labels, order, until) → the state after that many steps."""
    step = partial(_step, _implementation(architecture, engine), architecture.features, optimizer)

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
    """On a CPU one member is one thread: members, not products, share the cores."""
    return {"xla_cpu_multi_thread_eigen": False} if jax.default_backend() == "cpu" else {}


def _implementation(architecture: Architecture, engine: Engine) -> Implementation:
    if engine.kernels:
        from atelier.sweep.kernels import FusedConvolutions, dense_backward

        fused = FusedConvolutions(architecture, jnp.dtype(engine.activations))
        return Implementation(fused, dense_backward)
    return Implementation(_convolutions(architecture, engine), _dense_backward)


def _convolutions(
    architecture: Architecture, engine: Engine, blocks: int | None = None
) -> Convolutions:
    return Convolutions(
        architecture,
        LAYOUTS[engine.layout],
        engine.blocks if blocks is None else blocks,
        jnp.dtype(engine.activations),
    )


def _step(
    implementation: Implementation,
    features: int,
    optimizer: OptimizerName,
    state: State,
    hyperparameters: Hyperparameters,
    pixels: jax.Array,
    labels: jax.Array,
) -> State:
    """One batch for everybody: loss, gradients, the optimizer's move."""
    weights, batch, t = state.weights, len(labels), (state.step + 1).astype(jnp.float32)
    multipliers = dropout_multipliers(
        hyperparameters.seeds, hyperparameters.dropouts, state.step, batch * features
    )
    seen, residuals = implementation.convolutions.forward(weights, _unit(pixels), multipliers)
    hidden, logits = classify(weights, seen)
    log_probs = jax.nn.log_softmax(logits)
    truth = jax.nn.one_hot(labels, logits.shape[-1])
    losses = -(log_probs * truth).sum(-1).mean(-1)
    d_logits = (jnp.exp(log_probs) - truth) / batch
    d_hidden = jnp.einsum("kbj,kij->kbi", d_logits, weights.output)
    d_hidden = jnp.where(hidden > 0, d_hidden, 0.0)
    d_seen, dense, dense_slots = implementation.dense_backward(
        optimizer, weights.dense, state.slots.dense, seen, d_hidden, hyperparameters.rates, t
    )
    moved, slots = _move(
        optimizer,
        state,
        PopulationWeights(
            *implementation.convolutions.backward(weights, residuals, d_seen),
            *(None, d_hidden.sum(1)),  # the dense layer has moved
            *(_outer(hidden, d_logits), d_logits.sum(1)),
        ),
        hyperparameters.rates,
        t,
    )
    return State(
        moved._replace(dense=dense),
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
    t: jax.Array,
) -> tuple[jax.Array, jax.Array, Slots]:
    """The large layer's way back: the features' gradient, its moved weights and their slots."""
    # weights times what comes down, and not the reverse: a CPU packs the smaller of the two
    turned = jnp.einsum("kij,kbj->kib", weights, d_hidden)
    d_features = lax.optimization_barrier(turned).swapaxes(1, 2)  # type: ignore[no-untyped-call]
    gradient = _outer(features, _after(d_hidden, d_features))
    return d_features, *_moved(optimizer, weights, slots, gradient, rates, t)


def _after(x: jax.Array, y: jax.Array) -> jax.Array:
    """``x`` as it is, but not before ``y``: no value is below -inf, which XLA doesn't know.

    Else it cannot tell that nobody reads the old weights any more when the new ones are made, and
    copies them.
    """
    return jnp.where(y[:, :1, :1] < -jnp.inf, 0.0, x)


def _outer(x: jax.Array, dy: jax.Array) -> jax.Array:
    """Σ over the batch of x dyᵀ: (members, batch, i) and (members, batch, j) → (members, i, j).

    Written as a sum of products, which fuses with the optimizer's move: the gradient of the large
    layer is then never in memory. On a CPU it is worked out once for each of its uses, which for
    so few images still costs less than to write and to read it.
    """
    return sum(x[:, b, :, None] * dy[:, b, None, :] for b in range(x.shape[1]))  # type: ignore[return-value]


def _move(
    optimizer: OptimizerName,
    state: State,
    gradients: PopulationWeights[jax.Array | None],
    rates: jax.Array,
    t: jax.Array,
) -> tuple[PopulationWeights[jax.Array], PopulationWeights[Slots]]:
    """Weights and slots of whatever has a gradient; the rest as they were."""
    moved = [
        (w, slots) if g is None else _moved(optimizer, w, slots, g, rates, t)
        for w, slots, g in zip(state.weights, state.slots, gradients, strict=True)
    ]
    weights, slots = zip(*moved, strict=True)
    return PopulationWeights(*weights), PopulationWeights(*slots)


def _moved(
    optimizer: OptimizerName,
    w: jax.Array,
    slots: Slots,
    g: jax.Array,
    rates: jax.Array,
    t: jax.Array,
) -> tuple[jax.Array, Slots]:
    rates = rates.reshape(-1, *(1,) * (w.ndim - 1))
    return OPTIMIZERS[optimizer].step(w, slots, g, rates, t)


def _unit(pixels: jax.Array) -> jax.Array:
    """(images, side, side, 1) uint8 → (images, side, side) in [0, 1]."""
    return pixels[..., 0].astype(jnp.float32) / 255


@lru_cache(maxsize=8)
def compiled_prediction(architecture: Architecture, engine: Engine) -> Callable[..., jax.Array]:
    """(weights, parts of JUDGED pixels each) → logits (members, images, classes)."""
    convolutions = _convolutions(architecture, engine, blocks=1)

    def judge(weights: PopulationWeights[jax.Array], parts: jax.Array) -> jax.Array:
        everything = jnp.ones((len(weights.bias1), PREDICTION_BATCH * architecture.features))

        def part(pixels: jax.Array) -> jax.Array:
            features, _ = convolutions.forward(weights, _unit(pixels), everything)
            return classify(weights, features).logits

        logits = lax.map(part, parts)  # (parts, members, JUDGED, classes)
        return jnp.moveaxis(logits, 0, 1).reshape(len(weights.bias1), -1, architecture.classes)

    return jax.jit(judge, compiler_options=_compiler_options())

"""The fused engine: trainings that differ only in numbers are one training of a population.

Parameters, optimizer state, rates and seeds are stacked on a leading axis and all members see the
same batches; the epoch is one compiled loop. On a GPU the whole population goes together; on a
CPU, where that does not pay, the same step runs member by member, as many at once as there are
threads. A member's result depends neither on its neighbours nor on their number: bit by bit on a
CPU, within the rounding of another order of sums on a GPU.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from time import perf_counter
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from atelier.sweep.convolution import LAYOUTS, Convolutions, LayoutName
from atelier.sweep.network import Parameters, classify, initial_weights, kept
from atelier.sweep.optimizers import OPTIMIZERS, Slots
from atelier.sweep.plan import OptimizerName, Progress
from atelier.sweep.shape import Network
from atelier.types import Array

SEGMENT = 200
"""Steps between two words of progress."""
JUDGED = 16
"""Images that are judged at once."""


@dataclass(frozen=True)
class Engine:
    """How the arithmetic is laid out; changes no result but by rounding."""

    layout: LayoutName
    blocks: int
    """Parts of a batch that go through the convolutions one after the other."""
    together: bool
    """The whole population in one step, or each member by itself."""
    activations: Literal["float32", "bfloat16"] = "float32"
    threads: int = 1
    """Members that train at once where each trains by itself."""

    @classmethod
    def default(
        cls, *, threads: int = 1, activations: Literal["float32", "bfloat16"] = "float32"
    ) -> "Engine":
        """What pays on the device that JAX found."""
        if jax.default_backend() == "cpu":
            return cls("winograd", 4, together=False, activations=activations, threads=threads)
        return cls("patches", 1, together=True, activations=activations)


@dataclass(frozen=True)
class Population:
    """Trainings that differ only in numbers: three arrays of one length."""

    optimizer: OptimizerName
    rates: Array
    dropouts: Array
    seeds: Array

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"Expected one of {sorted(OPTIMIZERS)}. Received: {self.optimizer!r}")
        lengths = {len(self.rates), len(self.dropouts), len(self.seeds)}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(f"Expected arrays of one length > 0. Received: {sorted(lengths)}")
        if not ((self.dropouts >= 0) & (self.dropouts < 1)).all():
            raise ValueError(f"Expected dropout in [0, 1). Received: {self.dropouts}")

    def __len__(self) -> int:
        return len(self.rates)

    def __getitem__(self, part: slice) -> "Population":
        return Population(self.optimizer, self.rates[part], self.dropouts[part], self.seeds[part])


class Feed(NamedTuple):
    """What all members are trained on, in which order."""

    images: Array  # (n, side, side, 1) uint8
    labels: Array  # (n,)
    order: Array  # (steps, batch): rows of the images

    @property
    def steps(self) -> int:
        """Of the training."""
        return len(self.order)


class Outcome(NamedTuple):
    """What became of each member."""

    losses: Array  # (members, steps): mean cross entropy of each batch, before its step
    logits: dict[str, Array]  # by split, (members, n, classes)
    seconds: Array  # (members,): wall time of each one's training, shared where they go together

    @property
    def diverged(self) -> Array:
        """(members,): whether a loss or a logit is no finite number."""
        finite = np.isfinite(self.losses).all(1)
        for logits in self.logits.values():
            finite &= np.isfinite(logits).all((1, 2))
        return np.asarray(~finite)


class State(NamedTuple):
    """A population in training."""

    weights: Parameters[jax.Array]
    slots: Parameters[Slots]
    step: jax.Array
    losses: jax.Array  # (steps, members)


class Numbers(NamedTuple):
    """In which the members differ, on the device."""

    rates: jax.Array
    dropouts: jax.Array
    seeds: jax.Array


def run(
    network: Network,
    population: Population,
    feed: Feed,
    judged: Mapping[str, Array],
    *,
    engine: Engine,
    progress: Progress = lambda _: None,
) -> Outcome:
    """Train all members through the feed and let them judge every split's images.

    Args:
        network: What is trained.
        population: With which numbers.
        feed: On what.
        judged: Images (n, side, side, 1) uint8 by split.
        engine: How.
        progress: Hears of every member-step.
    """
    size = len(population) if engine.together else 1
    parts = [population[i : i + size] for i in range(0, len(population), size)]
    one = partial(
        _train_and_judge, network, feed=feed, judged=judged, engine=engine, progress=progress
    )
    with ThreadPoolExecutor(1 if engine.together else engine.threads) as pool:
        outcomes = list(pool.map(one, parts))
    return Outcome(
        np.concatenate([outcome.losses for outcome in outcomes]),
        {name: np.concatenate([o.logits[name] for o in outcomes]) for name in judged},
        np.concatenate([outcome.seconds for outcome in outcomes]),
    )


def _train_and_judge(
    network: Network,
    population: Population,
    *,
    feed: Feed,
    judged: Mapping[str, Array],
    engine: Engine,
    progress: Progress,
) -> Outcome:
    begun = perf_counter()
    weights, losses = train(network, population, feed, engine=engine, progress=progress)
    seconds = np.full(len(population), (perf_counter() - begun) / len(population))
    logits = {
        name: predict(network, weights, images, engine=engine) for name, images in judged.items()
    }
    return Outcome(losses, logits, seconds)


def train(
    network: Network,
    population: Population,
    feed: Feed,
    *,
    engine: Engine,
    progress: Progress = lambda _: None,
    start: Parameters[jax.Array] | None = None,
) -> tuple[Parameters[jax.Array], Array]:
    """Weights after the feed and the losses (members, steps) on the way.

    Args:
        network: What is trained.
        population: With which numbers; all go together.
        feed: On what.
        engine: How.
        progress: Hears of every member-step.
        start: Weights to begin with, instead of those that the seeds stand for.
    """
    numbers = Numbers(*map(jnp.asarray, (
        population.rates.astype(np.float32),
        population.dropouts.astype(np.float32),
        population.seeds.astype(np.uint32),
    )))  # fmt: skip
    pixels, labels = jnp.asarray(feed.images), jnp.asarray(feed.labels.astype(np.int32))
    order = jnp.asarray(feed.order.astype(np.int32))
    advance = compiled_steps(network, population.optimizer, engine)
    state = _begin(network, population, feed.steps, start)
    for done in range(0, feed.steps, SEGMENT):
        until = min(done + SEGMENT, feed.steps)
        state = advance(state, numbers, pixels, labels, order, until)
        progress((int(state.step) - done) * len(population))
    return state.weights, np.asarray(state.losses).T


def _begin(
    network: Network, population: Population, steps: int, start: Parameters[jax.Array] | None
) -> State:
    if start is None:
        seeds, member = np.unique(population.seeds, return_inverse=True)
        drawn = [initial_weights(network, int(seed)) for seed in seeds]
        start = Parameters(*(jnp.stack(arrays)[member] for arrays in zip(*drawn, strict=True)))
    fills = OPTIMIZERS[population.optimizer].slots
    slots = Parameters(*(tuple(jnp.full_like(w, fill) for fill in fills) for w in start))
    return State(
        jax.tree.map(jnp.array, start), slots, jnp.int32(0), jnp.zeros((steps, len(population)))
    )


@lru_cache(maxsize=32)
def compiled_steps(
    network: Network, optimizer: OptimizerName, engine: Engine
) -> Callable[..., State]:
    """(state, numbers, pixels, labels, order, until) → the state after that many steps."""
    step = partial(_step, _convolutions(network, engine), optimizer)

    def advance(
        state: State,
        numbers: Numbers,
        pixels: jax.Array,
        labels: jax.Array,
        order: jax.Array,
        until: jax.Array,
    ) -> State:
        def body(state: State) -> State:
            rows = order[state.step]
            return step(state, numbers, pixels[rows], labels[rows])

        return lax.while_loop(lambda state: state.step < until, body, state)

    return jax.jit(advance, donate_argnums=0, compiler_options=_compiler_options())


def _compiler_options() -> dict[str, bool]:
    """On a CPU one member is one thread: members, not products, share the cores."""
    return {"xla_cpu_multi_thread_eigen": False} if jax.default_backend() == "cpu" else {}


def _convolutions(network: Network, engine: Engine, blocks: int | None = None) -> Convolutions:
    return Convolutions(
        network,
        LAYOUTS[engine.layout],
        engine.blocks if blocks is None else blocks,
        jnp.dtype(engine.activations),
    )


def _step(
    convolutions: Convolutions,
    optimizer: OptimizerName,
    state: State,
    numbers: Numbers,
    pixels: jax.Array,
    labels: jax.Array,
) -> State:
    """One batch for everybody: loss, gradients, the optimizer's move."""
    weights, batch = state.weights, len(labels)
    keep = kept(
        numbers.seeds,
        numbers.dropouts,
        state.step,
        batch * convolutions.network.features,
    )
    features, trace = convolutions.forward(weights, _unit(pixels), keep)
    hidden, logits = classify(weights, features)
    log_probs = jax.nn.log_softmax(logits)
    truth = jax.nn.one_hot(labels, logits.shape[-1])
    losses = -(log_probs * truth).sum(-1).mean(-1)
    d_logits = (jnp.exp(log_probs) - truth) / batch
    d_hidden = jnp.einsum("kbj,kij->kbi", d_logits, weights.output)
    d_hidden = jnp.where(hidden > 0, d_hidden, 0.0)
    d_features = jnp.einsum("kbj,kij->kbi", d_hidden, weights.dense)
    d_features, d_hidden = lax.optimization_barrier((d_features, d_hidden))  # type: ignore[no-untyped-call]
    conv1, bias1, conv2, bias2 = convolutions.backward(weights, trace, d_features)
    gradients = Parameters(
        *(conv1, bias1, conv2, bias2),
        *(_outer(features, d_hidden, convolutions.blocks), d_hidden.sum(1)),
        *(_outer(hidden, d_logits), d_logits.sum(1)),
    )
    moved, slots = _move(optimizer, state, gradients, numbers.rates)
    return State(moved, slots, state.step + 1, state.losses.at[state.step].set(losses))


def _outer(x: jax.Array, dy: jax.Array, blocks: int = 1) -> jax.Array:
    """Σ over the batch of x dyᵀ: (members, batch, i) and (members, batch, j) → (members, i, j).

    Written as a sum of products, which fuses with the optimizer's move: the gradient of the large
    layer is then never in memory. XLA on a CPU would work it out once for each of its uses; by
    blocks, in a loop of its own, it is worked out once.
    """

    def added(x: jax.Array) -> jax.Array:
        return sum(x[:, b, :, None] * dy[:, b, None, :] for b in range(x.shape[1]))  # type: ignore[return-value]

    if blocks == 1:
        return added(x)
    rows = jnp.moveaxis(x.reshape(*x.shape[:2], blocks, -1), 2, 0)
    return jnp.moveaxis(lax.map(added, rows), 0, 1).reshape(len(x), x.shape[2], -1)


def _move(
    optimizer: OptimizerName, state: State, gradients: Parameters[jax.Array], rates: jax.Array
) -> tuple[Parameters[jax.Array], Parameters[Slots]]:
    step, t = OPTIMIZERS[optimizer].step, (state.step + 1).astype(jnp.float32)
    moved = [
        step(w, slots, g, rates.reshape(-1, *(1,) * (w.ndim - 1)), t)
        for w, slots, g in zip(state.weights, state.slots, gradients, strict=True)
    ]
    weights, slots = zip(*moved, strict=True)
    return Parameters(*weights), Parameters(*slots)


def _unit(pixels: jax.Array) -> jax.Array:
    """(images, side, side, 1) uint8 → (images, side, side) in [0, 1]."""
    return pixels[..., 0].astype(jnp.float32) / 255


def predict(
    network: Network, weights: Parameters[jax.Array], images: Array, *, engine: Engine
) -> Array:
    """Logits (members, n, classes) of images (n, side, side, 1) uint8; nothing is dropped."""
    missing = -len(images) % JUDGED
    padded = np.concatenate([images, np.zeros((missing, *images.shape[1:]), images.dtype)])
    parts = jnp.asarray(padded.reshape(-1, JUDGED, *images.shape[1:]))
    logits = np.asarray(_compiled_judge(network, engine)(weights, parts))
    return logits[:, : len(images)]


@lru_cache(maxsize=8)
def _compiled_judge(network: Network, engine: Engine) -> Callable[..., jax.Array]:
    convolutions = _convolutions(network, engine, blocks=1)

    def judge(weights: Parameters[jax.Array], parts: jax.Array) -> jax.Array:
        everything = jnp.ones((len(weights.bias1), JUDGED * network.features))

        def part(pixels: jax.Array) -> jax.Array:
            features, _ = convolutions.forward(weights, _unit(pixels), everything)
            return classify(weights, features).logits

        logits = lax.map(part, parts)  # (parts, members, JUDGED, classes)
        return jnp.moveaxis(logits, 0, 1).reshape(len(weights.bias1), -1, network.classes)

    return jax.jit(judge, compiler_options=_compiler_options())

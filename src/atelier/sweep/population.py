"""The fused engine: trainings that differ only in numbers are one training of a population.

Parameters, optimizer state, rates and seeds are stacked on a leading axis and all members see the
same batches; the epoch is one compiled loop. On a GPU the whole population goes together; on a
CPU, where that does not pay, the same step runs member by member, as many at once as there are
threads. A member's result depends neither on its neighbours nor on their number: bit by bit on a
CPU, within the rounding of another order of sums on a GPU.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from atelier.sweep.architecture import Network
from atelier.sweep.network import Parameters, initial_weights
from atelier.sweep.optimizers import OPTIMIZERS
from atelier.sweep.plan import OptimizerName, Progress
from atelier.sweep.steps import JUDGED, Engine, Numbers, State, compiled_judge, compiled_steps
from atelier.types import Array

SEGMENT = 200
"""Steps between two words of progress."""


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
) -> tuple[Parameters[jax.Array], Array]:
    """Weights after the feed and the losses (members, steps) on the way.

    Args:
        network: What is trained.
        population: With which numbers; all go together.
        feed: On what.
        engine: How.
        progress: Hears of every member-step.
    """
    numbers = Numbers(*map(jnp.asarray, (
        population.rates.astype(np.float32),
        population.dropouts.astype(np.float32),
        population.seeds.astype(np.uint32),
    )))  # fmt: skip
    pixels, labels = jnp.asarray(feed.images), jnp.asarray(feed.labels.astype(np.int32))
    order = jnp.asarray(feed.order.astype(np.int32))
    advance = compiled_steps(network, population.optimizer, engine)
    state = _begin(network, population, feed.steps)
    for done in range(0, feed.steps, SEGMENT):
        until = min(done + SEGMENT, feed.steps)
        state = advance(state, numbers, pixels, labels, order, until)
        progress((int(state.step) - done) * len(population))
    return state.weights, np.asarray(state.losses).T


def _begin(network: Network, population: Population, steps: int) -> State:
    seeds, member = np.unique(population.seeds, return_inverse=True)
    drawn = [initial_weights(network, int(seed)) for seed in seeds]
    weights = Parameters(*(jnp.stack(arrays)[member] for arrays in zip(*drawn, strict=True)))
    fills = OPTIMIZERS[population.optimizer].slots
    slots = Parameters(*(tuple(jnp.full_like(w, fill) for fill in fills) for w in weights))
    return State(weights, slots, jnp.int32(0), jnp.zeros((steps, len(population))))


def predict(
    network: Network, weights: Parameters[jax.Array], images: Array, *, engine: Engine
) -> Array:
    """Logits (members, n, classes) of images (n, side, side, 1) uint8; nothing is dropped."""
    missing = -len(images) % JUDGED
    padded = np.concatenate([images, np.zeros((missing, *images.shape[1:]), images.dtype)])
    parts = jnp.asarray(padded.reshape(-1, JUDGED, *images.shape[1:]))
    logits = np.asarray(compiled_judge(network, engine)(weights, parts))
    return logits[:, : len(images)]

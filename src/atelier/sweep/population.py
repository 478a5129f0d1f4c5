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

from atelier.sweep.architecture import Architecture
from atelier.sweep.network import PopulationWeights, initial_weights
from atelier.sweep.optimizers import OPTIMIZERS
from atelier.sweep.plan import OptimizerName, Progress
from atelier.sweep.steps import (
    PREDICTION_BATCH,
    Engine,
    Hyperparameters,
    State,
    compiled_prediction,
    compiled_steps,
)
from atelier.types import Array

PROGRESS_INTERVAL = 200
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


class TrainingData(NamedTuple):
    """What all members are trained on, in which order."""

    images: Array  # (n, side, side, 1) uint8
    labels: Array  # (n,)
    order: Array  # (steps, batch): rows of the images

    @property
    def steps(self) -> int:
        """Of the training."""
        return len(self.order)


class Result(NamedTuple):
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


def fit_and_predict(
    architecture: Architecture,
    population: Population,
    training_data: TrainingData,
    evaluation_images: Mapping[str, Array],
    *,
    engine: Engine,
    progress: Progress = lambda _: None,
) -> Result:
    """Train all members through the feed and let them judge every split's images.

    Args:
        architecture: What is trained.
        population: With which numbers.
        training_data: On what.
        evaluation_images: Images (n, side, side, 1) uint8 by split.
        engine: How.
        progress: Hears of every member-step.
    """
    size = len(population) if engine.vectorized else 1
    parts = [population[i : i + size] for i in range(0, len(population), size)]
    one = partial(
        _fit_and_predict,
        architecture,
        training_data=training_data,
        evaluation_images=evaluation_images,
        engine=engine,
        progress=progress,
    )
    with ThreadPoolExecutor(1 if engine.vectorized else engine.threads) as pool:
        results = list(pool.map(one, parts))
    return Result(
        np.concatenate([result.losses for result in results]),
        {name: np.concatenate([o.logits[name] for o in results]) for name in evaluation_images},
        np.concatenate([result.seconds for result in results]),
    )


def _fit_and_predict(
    architecture: Architecture,
    population: Population,
    *,
    training_data: TrainingData,
    evaluation_images: Mapping[str, Array],
    engine: Engine,
    progress: Progress,
) -> Result:
    begun = perf_counter()
    weights, losses = fit_population(
        architecture, population, training_data, engine=engine, progress=progress
    )
    seconds = np.full(len(population), (perf_counter() - begun) / len(population))
    logits = {
        name: predict_population(architecture, weights, images, engine=engine)
        for name, images in evaluation_images.items()
    }
    return Result(losses, logits, seconds)


def fit_population(
    architecture: Architecture,
    population: Population,
    training_data: TrainingData,
    *,
    engine: Engine,
    progress: Progress = lambda _: None,
) -> tuple[PopulationWeights[jax.Array], Array]:
    """Weights after the feed and the losses (members, steps) on the way.

    Args:
        architecture: What is trained.
        population: With which numbers; all go together.
        training_data: On what.
        engine: How.
        progress: Hears of every member-step.
    """
    hyperparameters = Hyperparameters(*map(jnp.asarray, (
        population.rates.astype(np.float32),
        population.dropouts.astype(np.float32),
        population.seeds.astype(np.uint32),
    )))  # fmt: skip
    pixels, labels = (
        jnp.asarray(training_data.images),
        jnp.asarray(training_data.labels.astype(np.int32)),
    )
    order = jnp.asarray(training_data.order.astype(np.int32))
    advance = compiled_steps(architecture, population.optimizer, engine)
    state = _initial_state(architecture, population, training_data.steps)
    for done in range(0, training_data.steps, PROGRESS_INTERVAL):
        until = min(done + PROGRESS_INTERVAL, training_data.steps)
        state = advance(state, hyperparameters, pixels, labels, order, until)
        progress((int(state.step) - done) * len(population))
    return state.weights, np.asarray(state.losses).T


def _initial_state(architecture: Architecture, population: Population, steps: int) -> State:
    seeds, member = np.unique(population.seeds, return_inverse=True)
    drawn = [initial_weights(architecture, int(seed)) for seed in seeds]
    weights = PopulationWeights(*(jnp.stack(arrays)[member] for arrays in zip(*drawn, strict=True)))
    fills = OPTIMIZERS[population.optimizer].slots
    slots = PopulationWeights(*(tuple(jnp.full_like(w, fill) for fill in fills) for w in weights))
    return State(weights, slots, jnp.int32(0), jnp.zeros((steps, len(population))))


def predict_population(
    architecture: Architecture,
    weights: PopulationWeights[jax.Array],
    images: Array,
    *,
    engine: Engine,
) -> Array:
    """Logits (members, n, classes) of images (n, side, side, 1) uint8; nothing is dropped."""
    missing = -len(images) % PREDICTION_BATCH
    padded = np.concatenate([images, np.zeros((missing, *images.shape[1:]), images.dtype)])
    parts = jnp.asarray(padded.reshape(-1, PREDICTION_BATCH, *images.shape[1:]))
    logits = np.asarray(compiled_prediction(architecture, engine)(weights, parts))
    return logits[:, : len(images)]

"""The fused engine: many trainings that differ only in numbers, as one training of a population.

Weights, optimizer state, rates and seeds are stacked on a leading axis, and all members see the
same batches; the epoch is one compiled loop. On a GPU the whole population is trained in one
step; on a CPU, where that is not faster, the same step runs member by member, as many at once as
there are threads. A member's result does not depend on the other members or their number: bit by
bit on a CPU, within the rounding of another order of sums on a GPU.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from atelier.sweep.architecture import Architecture
from atelier.sweep.network import PopulationWeights, initial_weights
from atelier.sweep.optimizers import OPTIMIZERS, initial_slots
from atelier.sweep.plan import OptimizerName, Progress
from atelier.sweep.schedules import SCHEDULES
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
"""Steps between two reports of progress."""


@dataclass(frozen=True)
class Population:
    """Trainings that differ only in learning rate and its schedule, dropout rate, decay and seed.

    Attributes:
        optimizer: Name of the optimizer, the same for all members.
        rates: Learning rates, (members,).
        dropouts: Dropout rates, (members,) in [0, 1).
        seeds: Seeds of weights and dropout, (members,).
        decays: Weight decays, (members,) ≥ 0; None: the optimizer's default.
        schedules: Names of the rates' schedules, (members,); None: all are constant.

    Raises:
        ValueError: If the optimizer or a schedule is unknown, the lengths differ, a dropout rate
            or a weight decay is not valid, or the optimizer has no weight decay.

    Examples:
        >>> population = Population("sgd", np.array([0.01, 0.1]), np.zeros(2), np.zeros(2))
        >>> len(population[1:])
        1
    """

    optimizer: OptimizerName
    rates: Array
    dropouts: Array
    seeds: Array
    decays: Array | None = None
    schedules: Array | None = None

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"Expected one of {sorted(OPTIMIZERS)}. Received: {self.optimizer!r}")
        lengths = {len(values) for values in self._columns().values()}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(f"Expected arrays of one length > 0. Received: {sorted(lengths)}")
        if not ((self.dropouts >= 0) & (self.dropouts < 1)).all():
            raise ValueError(f"Expected dropout in [0, 1). Received: {self.dropouts}")
        unknown = set(self._schedules) - set(SCHEDULES)
        if unknown:
            raise ValueError(f"Expected one of {sorted(SCHEDULES)}. Received: {sorted(unknown)}")
        if self.decays is not None and OPTIMIZERS[self.optimizer].weight_decay is None:
            raise ValueError(
                f"Expected an optimizer with weight decay. Received: {self.optimizer!r}"
            )
        if not (self.weight_decays >= 0).all():
            raise ValueError(f"Expected weight decay ≥ 0. Received: {self.decays}")

    def __len__(self) -> int:
        return len(self.rates)

    def __getitem__(self, part: slice) -> "Population":
        columns: dict[str, Any] = {name: values[part] for name, values in self._columns().items()}
        return replace(self, **columns)

    def _columns(self) -> dict[str, Array]:
        columns = asdict(self)
        return {name: values for name, values in columns.items() if isinstance(values, np.ndarray)}

    @property
    def weight_decays(self) -> Array:
        """The weight decay of each member, 0 where its optimizer has none."""
        default = OPTIMIZERS[self.optimizer].weight_decay or 0.0
        return np.full(len(self), default) if self.decays is None else self.decays

    @property
    def _schedules(self) -> Array:
        return np.full(len(self), "constant") if self.schedules is None else self.schedules

    def learning_rates(self, steps: int) -> Array:
        """Returns the rate of each member at each step, (steps, members)."""
        factors = {name: SCHEDULES[name](steps) for name in set(self._schedules)}
        return np.stack([factors[name] for name in self._schedules], 1) * self.rates


class TrainingData(NamedTuple):
    """Images and labels on which all members are trained, and their order."""

    images: Array  # (n, side, side, channels) uint8
    labels: Array  # (n,)
    order: Array  # (steps, batch): row numbers of the images

    @property
    def steps(self) -> int:
        """Number of steps of the training."""
        return len(self.order)


class Result(NamedTuple):
    """Losses and predictions of each member."""

    losses: Array  # (members, steps): mean cross entropy of each batch, before its step
    logits: dict[str, Array]  # by split, (members, n, classes)
    seconds: Array  # (members,): wall time of the training, divided by the members of one step

    @property
    def diverged(self) -> Array:
        """Whether a loss or a logit is not finite, (members,)."""
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
    """Trains all members and predicts the images of every split.

    Args:
        architecture: Layer sizes of the network.
        population: The members.
        training_data: Images, labels and their order.
        evaluation_images: Images (n, side, side, channels) uint8 by split.
        engine: Computes the steps.
        progress: Called with the number of member-steps done since its last call.

    Returns:
        Losses, logits and times of each member.

    Examples:
        >>> architecture = Architecture(classes=2, side=6, filters=(2, 2), units=2)
        >>> population = Population("sgd", np.array([0.01, 0.1]), np.zeros(2), np.zeros(2))
        >>> images, labels = np.zeros((8, 6, 6, 1), np.uint8), np.arange(8) % 2
        >>> data = TrainingData(images, labels, np.arange(8).reshape(2, 4))
        >>> engine = Engine("im2col", blocks=1, vectorized=True)
        >>> test = {"test": images}
        >>> result = fit_and_predict(architecture, population, data, test, engine=engine)
        >>> result.losses.shape, result.logits["test"].shape
        ((2, 2), (2, 8, 2))
    """
    size = len(population) if engine.vectorized else 1
    parts = [population[i : i + size] for i in range(0, len(population), size)]
    fit_part = partial(
        _fit_and_predict,
        architecture,
        training_data=training_data,
        evaluation_images=evaluation_images,
        engine=engine,
        progress=progress,
    )
    with ThreadPoolExecutor(1 if engine.vectorized else engine.threads) as pool:
        results = list(pool.map(fit_part, parts))
    return Result(
        np.concatenate([part.losses for part in results]),
        {
            name: np.concatenate([part.logits[name] for part in results])
            for name in evaluation_images
        },
        np.concatenate([part.seconds for part in results]),
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
    started = perf_counter()
    weights, losses = fit_population(
        architecture, population, training_data, engine=engine, progress=progress
    )
    seconds = np.full(len(population), (perf_counter() - started) / len(population))
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
    """Trains all members in one step.

    Args:
        architecture: Layer sizes of the network.
        population: The members.
        training_data: Images, labels and their order.
        engine: Computes the steps.
        progress: Called with the number of member-steps done since its last call.

    Returns:
        The trained weights that predict, and the losses (members, steps) of each batch before its
        step.
    """
    hyperparameters = Hyperparameters(
        jnp.asarray(population.learning_rates(training_data.steps).astype(np.float32)),
        jnp.asarray(population.dropouts.astype(np.float32)),
        jnp.asarray(population.seeds.astype(np.uint32)),
        jnp.asarray(population.weight_decays.astype(np.float32)),
    )
    pixels = jnp.asarray(training_data.images)
    labels = jnp.asarray(training_data.labels.astype(np.int32))
    order = jnp.asarray(training_data.order.astype(np.int32))
    advance = compiled_steps(architecture, population.optimizer, engine)
    state = _initial_state(architecture, population, training_data.steps)
    for done in range(0, training_data.steps, PROGRESS_INTERVAL):
        until = min(done + PROGRESS_INTERVAL, training_data.steps)
        state = advance(state, hyperparameters, pixels, labels, order, until)
        progress((int(state.step) - done) * len(population))
    return _final_weights(population.optimizer, state), np.asarray(state.losses).T


def _initial_state(architecture: Architecture, population: Population, steps: int) -> State:
    seeds, member = np.unique(population.seeds, return_inverse=True)
    drawn = [initial_weights(architecture, int(seed)) for seed in seeds]
    weights = PopulationWeights(*(jnp.stack(arrays)[member] for arrays in zip(*drawn, strict=True)))
    optimizer = OPTIMIZERS[population.optimizer]
    slots = PopulationWeights(*(initial_slots(optimizer, w) for w in weights))
    slots = slots._replace(dense=initial_slots(optimizer.of_dense, weights.dense))
    return State(weights, slots, jnp.int32(0), jnp.zeros((steps, len(population))))


def _final_weights(optimizer: OptimizerName, state: State) -> PopulationWeights[jax.Array]:
    """Returns the weights that predict, such as the mean in schedule-free training."""
    final, steps = OPTIMIZERS[optimizer].final, state.step
    pairs = zip(state.weights, state.slots, strict=True)
    return PopulationWeights(*(final(w, slots, steps) for w, slots in pairs))


def predict_population(
    architecture: Architecture,
    weights: PopulationWeights[jax.Array],
    images: Array,
    *,
    engine: Engine,
) -> Array:
    """Predicts images by every member, without dropout.

    Args:
        architecture: Layer sizes of the network.
        weights: Of the population.
        images: Shape (n, side, side, channels), uint8.
        engine: Computes the forward pass.

    Returns:
        Logits of shape (members, n, classes).
    """
    missing = -len(images) % PREDICTION_BATCH
    padded = np.concatenate([images, np.zeros((missing, *images.shape[1:]), images.dtype)])
    parts = jnp.asarray(padded.reshape(-1, PREDICTION_BATCH, *images.shape[1:]))
    logits = np.asarray(compiled_prediction(architecture, engine)(weights, parts))
    return logits[:, : len(images)]

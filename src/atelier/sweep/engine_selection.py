"""Selects the fastest engine for the device that JAX uses; on a GPU by a measurement."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from time import perf_counter

import jax
import numpy as np

from atelier import sweep
from atelier.sweep.architecture import Architecture
from atelier.sweep.plan import Activations
from atelier.sweep.population import PROGRESS_INTERVAL, Population, TrainingData, fit_population
from atelier.sweep.steps import Engine
from atelier.types import Array

logger = logging.getLogger(__name__)

BENCHMARK_STEPS = 2 * PROGRESS_INTERVAL
"""Steps of a measurement: the first half includes compilation, the second half is timed."""
FIRST_LOSS_TOLERANCE, LOSS_TOLERANCE = 0.01, 0.1
"""By how much the losses of two engines may differ, as a share of their mean: before the first
step, where only the forward pass counts, and over all steps. On a CPU bfloat16 makes differences
of .0001 and .03, float32 in another order of none and .001.
"""


@dataclass(frozen=True)
class BenchmarkProblem:
    """A training on which engines are timed: as large as the study, on images with a pattern.

    Attributes:
        architecture: Of the study's network.
        members: Trainings in the population.
        batch: Images of a step.
    """

    architecture: Architecture
    members: int
    batch: int

    def training_data(self) -> TrainingData:
        """Returns noise with one bright row, whose position is the class."""
        rng, architecture = np.random.default_rng(0), self.architecture
        classes, images = min(architecture.classes, architecture.side), BENCHMARK_STEPS * self.batch
        labels = rng.integers(0, classes, images)
        shape = (images, architecture.side, architecture.side, architecture.channels)
        noise = rng.integers(0, 120, shape)
        noise[np.arange(images), labels] += 120
        order = np.arange(images).reshape(BENCHMARK_STEPS, self.batch)
        return TrainingData(noise.astype(np.uint8), labels, order)

    def population(self) -> Population:
        """Returns members with rates at which Adam learns, every second one with dropout."""
        rates = np.geomspace(1e-4, 1e-3, self.members)
        dropouts = np.arange(self.members) % 2 / 2
        return Population("adam", rates, dropouts, np.zeros(self.members))


def select_engine(
    problem: BenchmarkProblem, *, threads: int = 1, activations: Activations = "float32"
) -> Engine:
    """Selects the engine for a study: on a CPU a fixed one, on a GPU the faster of two.

    Args:
        problem: Sizes of the study.
        threads: Members trained at once on a CPU.
        activations: Type in which they are stored between the layers.

    Returns:
        The engine.
    """
    if jax.default_backend() == "cpu":
        return Engine("winograd", 8, vectorized=False, activations=activations, threads=threads)
    return _gpu_engine(problem, activations)


@lru_cache
def _gpu_engine(problem: BenchmarkProblem, activations: Activations) -> Engine:
    plain = Engine("im2col", 1, vectorized=True, activations=activations)
    if not sweep.kernels.supports(problem.architecture, problem.batch):
        return plain
    times = time_engines(problem, [plain, replace(plain, kernels=True)])
    fastest = min(times, key=lambda engine: times[engine])
    steps = ", ".join(f"{engine.name} {1e3 * seconds:.2f} ms" for engine, seconds in times.items())
    logger.info("A step of %d members: %s; selected: %s", problem.members, steps, fastest.name)
    return fastest


def time_engines(problem: BenchmarkProblem, engines: Sequence[Engine]) -> dict[Engine, float]:
    """Measures the seconds of a step by each engine, and checks that their losses agree.

    An engine that does not compile on this device, or whose losses differ from those of the first
    engine, is omitted, and the log says why.

    Args:
        problem: What is trained.
        engines: The first is the reference; its errors are raised.
    """
    reference, *candidates = engines
    truth, seconds = _run(problem, reference)
    times = {reference: seconds}
    for engine in candidates:
        try:
            losses, seconds = _run(problem, engine)
        except (RuntimeError, NotImplementedError) as error:
            reason = str(error).splitlines()[0]
            logger.warning("The engine %s does not work on this device: %s", engine.name, reason)
            continue
        if _agrees(engine, losses, reference, truth):
            times[engine] = seconds
    return times


def _agrees(engine: Engine, losses: Array, reference: Engine, truth: Array) -> bool:
    first = _relative_difference(losses[:, :1], truth[:, :1])
    mean = _relative_difference(losses, truth)
    if first <= FIRST_LOSS_TOLERANCE and mean <= LOSS_TOLERANCE:
        return True
    logger.warning(
        "The engine %s is not used: expected losses within %g and %g of those of %s. "
        "Received: %.3g and %.3g",
        *(engine.name, FIRST_LOSS_TOLERANCE, LOSS_TOLERANCE, reference.name, first, mean),
    )
    return False


def _relative_difference(losses: Array, truth: Array) -> float:
    return float(np.abs(losses - truth).mean() / truth.mean())


def _run(problem: BenchmarkProblem, engine: Engine) -> tuple[Array, float]:
    return time_step(problem.architecture, problem.population(), problem.training_data(), engine)


def time_step(
    architecture: Architecture, population: Population, training_data: TrainingData, engine: Engine
) -> tuple[Array, float]:
    """Measures the seconds of a step, without initial weights, compilation and first steps.

    Args:
        architecture: Of the network.
        population: What is trained.
        training_data: At least twice :data:`atelier.sweep.population.PROGRESS_INTERVAL` steps.
        engine: The engine that is timed.

    Returns:
        Losses of shape (members, steps), and the mean seconds of a step of the whole population.
    """
    clock: list[float] = []
    _, losses = fit_population(
        architecture,
        population,
        training_data,
        engine=engine,
        progress=lambda _: clock.append(perf_counter()),
    )
    return losses, (clock[-1] - clock[0]) / (training_data.steps - PROGRESS_INTERVAL)

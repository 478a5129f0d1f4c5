"""Which engine pays on the device that JAX found; on a GPU that is measured."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from time import perf_counter

import jax
import numpy as np

from atelier.sweep.architecture import Architecture
from atelier.sweep.plan import Activations
from atelier.sweep.population import PROGRESS_INTERVAL, Population, TrainingData, fit_population
from atelier.sweep.steps import Engine
from atelier.types import Array

logger = logging.getLogger(__name__)

BENCHMARK_STEPS = 2 * PROGRESS_INTERVAL
"""Of a race: in the first half it is compiled, the second is timed."""
FIRST_LOSS_TOLERANCE, LOSS_TOLERANCE = 0.01, 0.1
"""By how much the losses of two engines may differ, as a share of their mean: before the first
step, where only the way forward counts, and over all steps. On a CPU bfloat16 makes differences of
.0001 and .03, float32 in another order of none and .001.
"""


@dataclass(frozen=True)
class BenchmarkProblem:
    """What the engines race with: as large as the study, on images that can be learnt."""

    architecture: Architecture
    members: int
    batch: int

    def training_data(self) -> TrainingData:
        """Noise with one bright row, which tells the class."""
        rng, architecture = np.random.default_rng(0), self.architecture
        labels = rng.integers(
            0, min(architecture.classes, architecture.side), BENCHMARK_STEPS * self.batch
        )
        images = rng.integers(0, 120, (len(labels), architecture.side, architecture.side, 1))
        images[np.arange(len(labels)), labels] += 120
        order = np.arange(len(labels)).reshape(BENCHMARK_STEPS, self.batch)
        return TrainingData(images.astype(np.uint8), labels, order)

    def population(self) -> Population:
        """Rates at which something is learnt, dropout for every other member."""
        rates = np.geomspace(1e-4, 1e-3, self.members)
        dropouts = np.arange(self.members) % 2 / 2
        return Population("adam", rates, dropouts, np.zeros(self.members))


def select_engine(
    problem: BenchmarkProblem, *, threads: int = 1, activations: Activations = "float32"
) -> Engine:
    """The engine for a study: on a CPU the one that pays there, on a GPU the fastest of two.

    Args:
        problem: What will be trained; how large.
        threads: Members at once on a CPU.
        activations: How they are stored between the layers.
    """
    if jax.default_backend() == "cpu":
        return Engine("winograd", 8, vectorized=False, activations=activations, threads=threads)
    return _on_gpu(problem, activations)


@lru_cache
def _on_gpu(problem: BenchmarkProblem, activations: Activations) -> Engine:
    from atelier.sweep.kernels import supports

    plain = Engine("im2col", 1, vectorized=True, activations=activations)
    if not supports(problem.architecture, problem.batch):
        return plain
    times = time_engines(problem, [plain, replace(plain, kernels=True)])
    best = min(times, key=lambda engine: times[engine])
    told = ", ".join(f"{engine.name} {1e3 * taken:.2f} ms" for engine, taken in times.items())
    logger.info("A step of %d members: %s; taken: %s", problem.members, told, best.name)
    return best


def time_engines(problem: BenchmarkProblem, engines: Sequence[Engine]) -> dict[Engine, float]:
    """Seconds of a step by engine; the first is the one that the others must agree with.

    One that cannot be compiled here, or whose losses differ, is left out, and the log says why.
    """
    first, *others = engines
    truth, seconds = _run(problem, first)
    times = {first: seconds}
    for engine in others:
        try:
            losses, seconds = _run(problem, engine)
        except (RuntimeError, NotImplementedError) as error:
            reason = str(error).splitlines()[0]
            logger.warning("%s cannot be had here: %s", engine.name, reason)
            continue
        before, after = _apart(losses[:, :1], truth[:, :1]), _apart(losses, truth)
        if before <= FIRST_LOSS_TOLERANCE and after <= LOSS_TOLERANCE:
            times[engine] = seconds
        else:
            logger.warning(
                "%s is not used: expected losses within %g and %g of those of %s. "
                "Received: %.3g and %.3g",
                *(engine.name, FIRST_LOSS_TOLERANCE, LOSS_TOLERANCE, first.name, before, after),
            )
    return times


def _apart(losses: Array, truth: Array) -> float:
    return float(np.abs(losses - truth).mean() / truth.mean())


def _run(problem: BenchmarkProblem, engine: Engine) -> tuple[Array, float]:
    return time_step(problem.architecture, problem.population(), problem.training_data(), engine)


def time_step(
    architecture: Architecture, population: Population, training_data: TrainingData, engine: Engine
) -> tuple[Array, float]:
    """Losses (members, steps) of a training of two segments or more, and seconds of a step; initial
    weights, compilation and the first segment are left out.
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

"""Member-steps a second of the sweep's engine, beside what the machine and its peers can do.

`python benchmarks/sweep.py`: the post's network, batch 8. On a CPU beside Keras' `fit` (one on all
cores, and one on each core at the same time) and beside the machine's rate of matrix products; on
a GPU beside the memory's floor and a loop over single members. Turns alternate; medians. Then how
the time grows with the members. `--steps N` and `--turns N` change the length.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from atelier.sweep.architecture import Architecture
from atelier.sweep.engine_selection import BenchmarkProblem, select_engine, time_step
from atelier.sweep.optimizers import OPTIMIZERS
from atelier.sweep.plan import OptimizerName
from atelier.sweep.population import PROGRESS_INTERVAL, Population, TrainingData, fit_and_predict
from atelier.sweep.steps import Engine

BATCH, RATE, NETWORK = 8, 1e-4, Architecture()
FORWARD_AND_BACK = 3
GROWTH = (8, 32, 125, 250, 500, 1000)


def training_data(steps: int) -> TrainingData:
    """Noise in 47 classes."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (steps * BATCH, 28, 28, 1), dtype=np.uint8)
    labels = rng.integers(0, 47, len(images))
    return TrainingData(images, labels, np.arange(len(images)).reshape(steps, BATCH))


def clocked(work: Callable[[], Any]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def ours(
    optimizer: OptimizerName, data: TrainingData, members: int, engine: Engine
) -> tuple[float, float]:
    """Seconds that so many trainings take."""
    n = np.zeros(members)
    population = Population(optimizer, n + RATE, n + 0.5, np.arange(members))
    return clocked(lambda: fit_and_predict(NETWORK, population, data, {}, engine=engine))


def keras_fit(optimizer: str, steps: int) -> Callable[[], Any]:
    """One epoch of Keras' own training of the same network, compiled beforehand."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    layers, data = keras.layers, training_data(steps)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(47),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.get(optimizer), loss)
    images = data.images.astype(np.float32) / 255
    model.fit(images[:80], data.labels[:80], batch_size=BATCH, verbose=0)
    return lambda: model.fit(images, data.labels, batch_size=BATCH, verbose=0)


def on_one_core(core: int, optimizer: str, steps: int) -> None:
    """Train with Keras on one core, when told to by a line of input; print the seconds."""
    os.sched_setaffinity(0, {core})
    fit = keras_fit(optimizer, steps)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(clocked(fit)[0]), flush=True)


def keras_on_each_core(optimizer: str, steps: int) -> float:
    """Member-steps a second of one training per core, all at the same time."""
    cores = sorted(os.sched_getaffinity(0))
    command = [sys.executable, __file__, "--steps", str(steps), "--alone", optimizer, "--core"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers: list[Any] = [
        subprocess.Popen([*command, str(core)], stderr=subprocess.DEVNULL, **pipes)
        for core in cores
    ]
    for worker in workers:
        worker.stdout.readline()
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    seconds = [float(worker.communicate()[0]) for worker in workers]
    return sum(steps / one for one in seconds)


def matrix_rate() -> float:
    """GFLOP/s of a large float32 product on all cores."""
    a = np.random.default_rng(0).normal(size=(2048, 2048)).astype(np.float32)
    return max(2 * 2048**3 / clocked(lambda: a @ a)[0] for _ in range(5)) / 1e9


def on_cpu(steps: int, turns: int) -> None:
    """Ours and Keras', turn by turn."""
    threads = len(os.sched_getaffinity(0))
    engine, data = on_this_device(threads), training_data(steps)
    print(f"{threads} cores, {matrix_rate():.0f} GFLOP/s in a matrix product; {steps} steps")
    print("optimizer  ours/s  cores  Keras/s  cores  ratio  Keras on each core/s  ratio  GFLOP/s")
    work = BATCH * NETWORK.multiplications * 2 * FORWARD_AND_BACK / 1e9
    for optimizer in OPTIMIZERS:
        fit = keras_fit(optimizer, steps)
        ours(optimizer, data, threads, engine)  # compiles
        times = [(ours(optimizer, data, threads, engine), clocked(fit)) for _ in range(turns)]
        each = statistics.median(keras_on_each_core(optimizer, steps) for _ in range(turns))
        mine = statistics.median(threads * steps / ours_[0] for ours_, _ in times)
        theirs = statistics.median(steps / keras_[0] for _, keras_ in times)
        cores = [statistics.median(t[i][1] / t[i][0] for t in times) for i in (0, 1)]
        print(
            f"{optimizer:9}  {mine:6.1f}  {cores[0]:5.2f}  {theirs:7.1f}  {cores[1]:5.2f}  "
            f"{mine / theirs:5.2f}  {each:20.1f}  {mine / each:5.2f}  {mine * work:7.0f}"
        )


def bandwidth() -> float:
    """Bytes a second that the device copies, read and written both counted."""
    import jax
    import jax.numpy as jnp

    x = jnp.zeros(2**28)
    copy = jax.jit(lambda x: x + 1)
    copy(x).block_until_ready()
    seconds = min(clocked(lambda: copy(x).block_until_ready())[0] for _ in range(10))
    return 2 * x.nbytes / seconds


def on_this_device(threads: int, members: int = 250) -> Engine:
    """The engine that a study would take here."""
    return select_engine(BenchmarkProblem(NETWORK, members, BATCH), threads=threads)


def on_gpu(steps: int, turns: int, members: int = 250) -> None:
    """The whole population's step, plain and by kernels, beside the floor that the dense layer's
    bytes set.
    """
    speed, data = bandwidth(), training_data(steps)
    dense = 4 * NETWORK.features * NETWORK.units * members
    plain = Engine("im2col", 1, vectorized=True)
    kernels = replace(plain, kernels=True)
    engines = [plain, kernels, replace(kernels, activations="bfloat16")]
    print(f"{members} members, {speed / 1e12:.2f} TB/s; milliseconds a step")
    print("optimizer    plain  kernels  kernels, bfloat16  floor  one by one (per member)")
    for optimizer, told in OPTIMIZERS.items():
        row = [1e3 * a_step(optimizer, data, members, engine, turns) for engine in engines]
        alone = 1e3 * a_step(optimizer, data, 1, plain, turns)
        floor = 1e3 * dense * (3 + 2 * len(told.slots)) / speed
        shown = f"{row[0]:7.2f}  {row[1]:7.2f}  {row[2]:17.2f}"
        print(f"{optimizer:9}  {shown}  {floor:5.2f}  {alone:5.2f}")


def a_step(
    optimizer: OptimizerName, data: TrainingData, members: int, engine: Engine, turns: int
) -> float:
    """Seconds, the median of some turns."""
    n = np.zeros(members)
    population = Population(optimizer, n + RATE, n + 0.5, n)
    taken = [time_step(NETWORK, population, data, engine)[1] for _ in range(turns)]
    return statistics.median(taken)


def growth(steps: int, most: int) -> None:
    """Seconds by the number of members."""
    engine, data = on_this_device(len(os.sched_getaffinity(0))), training_data(steps)
    print(f"members: seconds for {steps} steps of SGD, member-steps/s")
    for members in [count for count in GROWTH if count <= most]:
        if engine.vectorized or members == GROWTH[0]:
            ours("sgd", data, members, engine)
        seconds = ours("sgd", data, members, engine)[0]
        print(f"{members:5}: {seconds:7.2f}  {members * steps / seconds:9.1f}")


def main() -> None:
    """Measure what this machine has."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--alone", choices=list(OPTIMIZERS))
    parser.add_argument("--core", type=int, default=0)
    asked = parser.parse_args()
    if asked.alone:
        on_one_core(asked.core, asked.alone, asked.steps)
        return
    import jax

    if jax.default_backend() == "cpu":
        on_cpu(asked.steps, asked.turns)
        growth(20, 1000)
    else:
        on_gpu(max(asked.steps, 3 * PROGRESS_INTERVAL), asked.turns)
        growth(100, 1000)


if __name__ == "__main__":
    main()

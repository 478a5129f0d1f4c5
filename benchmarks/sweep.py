"""Member-steps per second of the sweep's engine, beside Keras and the machine's limits.

`python benchmarks/sweep.py`: the sweep's network, batch 8. On a CPU beside Keras' `fit` (one on all
cores, and one on each core at the same time) and beside the machine's rate of matrix products; on
a GPU beside the time in which its memory can be read and a loop over single members. Turns
alternate; medians. Then how the time grows with the members, and what a step of every optimizer
costs relative to Adam's (`--costs`: only that). `--steps N` and `--repeats N` change the length;
`--tiny` runs everything once, for a few steps of one optimizer.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rows import Row, benchmark_parser, write_rows

from atelier.sweep.architecture import Architecture
from atelier.sweep.optimizers import OPTIMIZERS
from atelier.sweep.plan import OptimizerName
from atelier.sweep.population import (
    PROGRESS_INTERVAL,
    Population,
    TrainingData,
    fit_and_predict,
    fit_population,
)
from atelier.sweep.steps import Engine, select_engine

BATCH, RATE, NETWORK = 8, 1e-4, Architecture()
FORWARD_AND_BACK = 3
RACED = ("adam", "adadelta", "adagrad", "sgd")
"""Optimizers that are timed beside Keras' and on all cores."""
GROWTH = (8, 32, 125, 250, 500, 1000)


def training_data(steps: int) -> TrainingData:
    """Returns noise in 47 classes."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (steps * BATCH, 28, 28, 1), dtype=np.uint8)
    labels = rng.integers(0, 47, len(images))
    return TrainingData(images, labels, np.arange(len(images)).reshape(steps, BATCH))


def measure(work: Callable[[], Any]) -> tuple[float, float]:
    """Returns wall and CPU seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def ours(
    optimizer: OptimizerName, data: TrainingData, members: int, engine: Engine
) -> tuple[float, float]:
    """Returns wall and CPU seconds of so many trainings."""
    n = np.zeros(members)
    population = Population(optimizer, n + RATE, n + 0.5, np.arange(members))
    return measure(lambda: fit_and_predict(NETWORK, population, data, {}, engine=engine))


def keras_fit(optimizer: str, steps: int) -> Callable[[], Any]:
    """Returns one epoch of Keras' training of the same network, compiled beforehand."""
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
    """Trains with Keras on one core after a line of input, and prints the seconds."""
    os.sched_setaffinity(0, {core})
    fit = keras_fit(optimizer, steps)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(measure(fit)[0]), flush=True)


def keras_on_each_core(optimizer: str, steps: int) -> float:
    """Returns member-steps per second of one training per core, all at the same time."""
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
    return sum(steps / taken for taken in seconds)


def matrix_rate() -> float:
    """Returns GFLOP/s of a large float32 product on all cores."""
    a = np.random.default_rng(0).normal(size=(2048, 2048)).astype(np.float32)
    return max(2 * 2048**3 / measure(lambda: a @ a)[0] for _ in range(5)) / 1e9


def on_cpu(steps: int, turns: int, optimizers: Sequence[OptimizerName]) -> list[Row]:
    """Measures this engine and Keras, turn by turn."""
    import keras

    threads = len(os.sched_getaffinity(0))
    engine, data = select_engine(threads=threads), training_data(steps)
    print(f"{threads} cores, {matrix_rate():.0f} GFLOP/s in a matrix product; {steps} steps")
    print("optimizer  ours/s  cores  Keras/s  cores  ratio  Keras on each core/s  ratio  GFLOP/s")
    rows: list[Row] = []
    work = BATCH * NETWORK.multiplications * 2 * FORWARD_AND_BACK / 1e9
    for optimizer in optimizers:
        fit = keras_fit(optimizer, steps)
        ours(optimizer, data, threads, engine)  # compiles
        times = [(ours(optimizer, data, threads, engine), measure(fit)) for _ in range(turns)]
        rates = [keras_on_each_core(optimizer, steps) for _ in range(turns)]
        each, seconds = statistics.median(rates), [ours_[0] / threads / steps for ours_, _ in times]
        mine = 1 / statistics.median(seconds)
        theirs = statistics.median(steps / keras_[0] for _, keras_ in times)
        title, peer = f"{optimizer}, a step of a member", f"Keras {keras.__version__}"
        alone = [keras_[0] / steps for _, keras_ in times]
        rows.append(Row(title, seconds, f"{peer}, on all cores", alone))
        rows.append(Row(title, seconds, f"{peer}, one on each core", [1 / rate for rate in rates]))
        cores = [statistics.median(t[i][1] / t[i][0] for t in times) for i in (0, 1)]
        print(
            f"{optimizer:9}  {mine:6.1f}  {cores[0]:5.2f}  {theirs:7.1f}  {cores[1]:5.2f}  "
            f"{mine / theirs:5.2f}  {each:20.1f}  {mine / each:5.2f}  {mine * work:7.0f}",
            flush=True,
        )
    return rows


def bandwidth() -> float:
    """Returns the bytes per second that the device reads and writes."""
    import jax
    import jax.numpy as jnp

    x = jnp.zeros(2**28)
    copy = jax.jit(lambda x: x + 1)
    copy(x).block_until_ready()
    seconds = min(measure(lambda: copy(x).block_until_ready())[0] for _ in range(10))
    return 2 * x.nbytes / seconds


def on_gpu(steps: int, turns: int, optimizers: Sequence[OptimizerName], members: int = 250) -> None:
    """Measures the whole population's step, with activations in float32 and in bfloat16.

    The floor is the time in which the bytes of the dense layer are moved.
    """
    speed, data = bandwidth(), training_data(steps)
    dense = 4 * NETWORK.features * NETWORK.units * members
    engines = [select_engine(), select_engine(activations="bfloat16")]
    print(f"{members} members, {speed / 1e12:.2f} TB/s; milliseconds a step")
    print("optimizer  float32  bfloat16  floor  one by one (per member)")
    for optimizer in optimizers:
        row = [1e3 * step_seconds(optimizer, data, members, engine, turns) for engine in engines]
        alone = 1e3 * step_seconds(optimizer, data, 1, engines[0], turns)
        floor = 1e3 * dense * (3 + 2 * len(OPTIMIZERS[optimizer].of_dense.slots)) / speed
        print(f"{optimizer:9}  {row[0]:7.2f}  {row[1]:8.2f}  {floor:5.2f}  {alone:5.2f}")


def step_seconds(
    optimizer: OptimizerName, data: TrainingData, members: int, engine: Engine, turns: int
) -> float:
    """Returns the median seconds of a step, without compilation and first steps."""
    n = np.zeros(members)
    population = Population(optimizer, n + RATE, n + 0.5, n)
    seconds = [timed_step(population, data, engine) for _ in range(turns)]
    return statistics.median(seconds)


def timed_step(population: Population, data: TrainingData, engine: Engine) -> float:
    """Returns the mean seconds of a step of one training, after its first report of progress."""
    clock: list[float] = []

    def note_time(_: int) -> None:
        clock.append(time.perf_counter())

    fit_population(NETWORK, population, data, engine=engine, progress=note_time)
    return (clock[-1] - clock[0]) / (data.steps - PROGRESS_INTERVAL)


def growth(steps: int, most: int) -> list[Row]:
    """Measures seconds by the number of members."""
    engine = select_engine(threads=len(os.sched_getaffinity(0)))
    data = training_data(steps)
    print(f"members: seconds for {steps} steps of SGD, member-steps/s")
    rows = []
    for members in [count for count in GROWTH if count <= most]:
        if engine.vectorized or members == GROWTH[0]:
            ours("sgd", data, members, engine)
        seconds = ours("sgd", data, members, engine)[0]
        print(f"{members:5}: {seconds:7.2f}  {members * steps / seconds:9.1f}", flush=True)
        rows.append(Row(f"sgd, a step of a member of {members:,}", [seconds / members / steps]))
    return rows


def step_costs(steps: int, turns: int, optimizers: Sequence[OptimizerName]) -> None:
    """Measures the CPU time of a step of one member on one thread, relative to the first."""
    engine, data = select_engine(), training_data(steps)
    for optimizer in optimizers:
        ours(optimizer, data, 1, engine)  # compiles
    seconds: dict[OptimizerName, list[float]] = {name: [] for name in optimizers}
    for _ in range(turns):
        for name in optimizers:
            seconds[name].append(ours(name, data, 1, engine)[1] / steps)
    print(f"CPU milliseconds of a step of one member, relative to {optimizers[0]}")
    reference = statistics.median(seconds[optimizers[0]])
    for name in optimizers:
        median = statistics.median(seconds[name])
        print(f"{name:20}  {1e3 * median:6.2f}  {median / reference:5.2f}")


def main() -> None:
    """Measures the device that JAX uses."""
    parser = benchmark_parser(__doc__, repeats=5)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--alone", choices=RACED)
    parser.add_argument("--costs", action="store_true", help="only the cost of each optimizer")
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()
    if options.alone:
        on_one_core(options.core, options.alone, options.steps)
        return
    import jax

    steps, turns = (20, 1) if options.tiny else (options.steps, options.repeats)
    if options.costs:
        step_costs(steps, turns, list(OPTIMIZERS)[: 2 if options.tiny else None])
        return
    optimizers = RACED[:1] if options.tiny else RACED
    most = GROWTH[0] if options.tiny else GROWTH[-1]
    if jax.default_backend() == "cpu":
        rows = on_cpu(steps, turns, optimizers)
        rows += growth(2 if options.tiny else 20, most)
        step_costs(min(steps, 60), turns, list(OPTIMIZERS)[: 2 if options.tiny else None])
    else:
        on_gpu(max(steps, 3 * PROGRESS_INTERVAL), turns, optimizers, min(most, 250))
        rows = growth(100, most)
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()

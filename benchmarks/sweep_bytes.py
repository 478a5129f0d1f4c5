"""Bytes that a step of the sweep moves on an H100, from the compiled program; needs no GPU.

`python benchmarks/sweep_bytes.py`, where JAX is installed with its CUDA plugin (the extra `gpu`):
XLA compiles the whole step for an H100 that is described to it, and every kernel's inputs and
outputs are counted, beside the floor that the dense layer sets: its weights read twice and written
once, its slots read and written. Repeated reads from the cache are not counted. `--members N`;
`--tiny`: two members, one optimizer.
"""

import argparse
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any
from unittest import mock

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_gpu_autotune_level=0"  # there is no GPU to time it on

import jax
import jax.numpy as jnp
import numpy as np
from jax._src import xla_bridge
from jax.experimental import topologies

from atelier.sweep.architecture import Architecture
from atelier.sweep.network import PopulationWeights, initial_weights
from atelier.sweep.optimizers import OPTIMIZERS, initial_slots
from atelier.sweep.plan import OptimizerName
from atelier.sweep.steps import Engine, Hyperparameters, State, compiled_steps

H100 = """
gpu_device_info {
  threads_per_block_limit: 1024  threads_per_warp: 32
  shared_memory_per_block: 49152  shared_memory_per_core: 233472
  shared_memory_per_block_optin: 232448
  threads_per_core_limit: 2048  core_count: 132  fpus_per_core: 128
  block_dim_limit_x: 2147483647  block_dim_limit_y: 65535  block_dim_limit_z: 65535
  memory_bandwidth: 3352320000000  l2_cache_size: 52428800  clock_rate_ghz: 1.98
  device_memory_size: 84929347584
  cuda_compute_capability { major: 9 }
  registers_per_core_limit: 65536  registers_per_block_limit: 65536
}
platform_name: "CUDA"
dnn_version_info { major: 9 minor: 10 }
runtime_version { major: 13 minor: 0 patch: 0 }
device_description_str: "NVIDIA H100 80GB HBM3"
"""
NETWORK, BATCH, STEPS = Architecture(), 8, 1000
WIDTHS = {"f32": 4, "s32": 4, "u32": 4, "bf16": 2, "s8": 1, "u8": 1, "pred": 1}
SHAPE = re.compile(rf"\b({'|'.join(WIDTHS)})\[([\d,]*)\]")
NOTHING_MOVES = {"parameter", "get-tuple-element", "tuple", "bitcast", "constant", "while"}
IMAGES = BATCH * STEPS * NETWORK.side**2
"""Bytes of the training images, of which a step takes a batch."""


def shaped(*shape: int, dtype: Any = jnp.float32) -> Any:
    """Returns the description of an array."""
    return jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]


def on_an_h100() -> Any:
    """Returns the placement of arguments on a described H100.

    The program ends if JAX has no CUDA plugin.
    """
    names = {"platform": "cuda", "target_config": H100, "topology": "1x1x1"}
    try:
        devices: Any = np.array(topologies.get_topology_desc("h100", **names).devices)
    except (RuntimeError, NotImplementedError) as error:
        sys.exit(f"Expected JAX with its CUDA plugin (make gpu). Received: {error}")
    mesh = jax.sharding.Mesh(devices, ("device",))
    return jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())  # type: ignore[no-untyped-call]


def put(sharding: Any, x: Any) -> Any:
    """Returns the description of an array with its placement."""
    return jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding)  # type: ignore[no-untyped-call]


def program(optimizer: OptimizerName, engine: Engine, members: int) -> str:
    """Returns the step's program as XLA compiled it, as HLO text."""
    weights = PopulationWeights(*(shaped(members, *w.shape) for w in initial_weights(NETWORK, 0)))
    update = OPTIMIZERS[optimizer]
    slots = PopulationWeights(*(jax.eval_shape(partial(initial_slots, update), w) for w in weights))
    dense_slots = jax.eval_shape(partial(initial_slots, update.of_dense), weights.dense)
    slots = slots._replace(dense=dense_slots)
    state = State(weights, slots, shaped(dtype=jnp.int32), shaped(STEPS, members))
    hyperparameters = Hyperparameters(
        shaped(STEPS, members),
        shaped(members),
        shaped(members, dtype=jnp.uint32),
        shaped(members),
    )
    images = BATCH * STEPS, NETWORK.side, NETWORK.side, 1
    inputs = (
        *(shaped(*images, dtype=jnp.uint8), shaped(images[0], dtype=jnp.int32)),
        *(shaped(STEPS, BATCH, dtype=jnp.int32), shaped(dtype=jnp.int32)),
    )
    arguments = jax.tree.map(partial(put, on_an_h100()), (state, hyperparameters, *inputs))
    lowered = compiled_steps(NETWORK, optimizer, engine).lower(*arguments)  # type: ignore[attr-defined]
    return str(lowered.compile().as_text())


def size(shape: str) -> int:
    """Returns the bytes of an array, or of all arrays in a tuple."""
    arrays = SHAPE.findall(shape)
    return sum(WIDTHS[t] * int(np.prod([int(n) for n in d.split(",") if n])) for t, d in arrays)


def kernels(text: str, computation: str, *, steps: bool = False) -> Iterator[tuple[str, int]]:
    """Yields name and bytes of every kernel that the loop over the steps runs."""
    (lines,) = re.findall(
        rf"^(?:ENTRY )?%{re.escape(computation)} .*?\n(.*?)^}}", text, re.M | re.S
    )
    shapes: dict[str, str] = {}
    for name, shape, op, operands in re.findall(
        r"%([\w.-]+) = (\(.*?\)|\S+) ([\w-]+)\((.*)$", lines, re.M
    ):
        shapes[name] = shape
        if op == "while":
            (body,) = re.findall(r"body=%([\w.-]+)", operands)
            yield from kernels(text, body, steps=True)
        elif steps and op not in NOTHING_MOVES:
            inputs = re.findall(r"%([\w.-]+)", operands.split(")")[0])
            read = [size(shapes.get(name, "")) for name in inputs]
            yield name, sum(n for n in read if n != IMAGES) + size(shape)


def moved_bytes(optimizer: OptimizerName, engine: Engine, members: int) -> tuple[float, int]:
    """Returns the gigabytes of a step, and its number of kernels."""
    text = program(optimizer, engine, members)
    (entry,) = re.findall(r"^ENTRY %([\w.-]+)", text, re.M)
    sizes = [bytes_ for _, bytes_ in kernels(text, entry)]
    return sum(sizes) / 1e9, len(sizes)


def main() -> None:
    """Prints the bytes of the plain step and of the kernels, beside the floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=250)
    parser.add_argument("--tiny", action="store_true", help="two members, one optimizer")
    options = parser.parse_args()
    members = 2 if options.tiny else options.members
    optimizers = list(OPTIMIZERS)[:1] if options.tiny else list(OPTIMIZERS)
    plain = Engine("im2col", 1, vectorized=True)
    dense = 4 * NETWORK.features * NETWORK.units * members / 1e9
    canonicalize = xla_bridge.canonicalize_platform
    with (
        mock.patch.object(jax, "default_backend", return_value="gpu"),
        mock.patch.object(
            xla_bridge, "canonicalize_platform", lambda p: "cuda" if p == "gpu" else canonicalize(p)
        ),
    ):
        print(f"{members} members: GB a step (kernels)")
        print("optimizer   plain        by kernels   floor   ratio to it")
        for optimizer in optimizers:
            floor = dense * (3 + 2 * len(OPTIMIZERS[optimizer].slots))
            a, n = moved_bytes(optimizer, plain, members)
            b, m = moved_bytes(optimizer, replace(plain, kernels=True), members)
            print(
                f"{optimizer:9}  {a:6.2f} ({n:2})  {b:6.2f} ({m:2})  {floor:6.2f}"
                f"   {a / floor:.2f}, {b / floor:.2f}"
            )


if __name__ == "__main__":
    main()

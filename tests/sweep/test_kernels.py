"""The kernels' results, their compilation for a GPU, and the selection of an engine."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from atelier.sweep import engine_selection, kernels, layouts
from atelier.sweep.architecture import Architecture
from atelier.sweep.engine_selection import BenchmarkProblem, select_engine
from atelier.sweep.kernels import FusedConvolutions, dense_backward, supports
from atelier.sweep.network import PopulationWeights, initial_weights
from atelier.sweep.optimizers import OPTIMIZERS, update_array
from atelier.sweep.population import Population, TrainingData, fit_population
from atelier.sweep.steps import Engine, compiled_steps

FULL = Architecture()
WIDE = Architecture(classes=5, side=12, filters=(16, 32), units=16)
PLAIN = Engine("im2col", 1, vectorized=True)
KERNELS = replace(PLAIN, kernels=True)


ELEMENTWISE = [name for name, optimizer in OPTIMIZERS.items() if optimizer.of_dense.elementwise]


@pytest.mark.parametrize("optimizer", ELEMENTWISE)
def test_the_dense_layer_is_updated_by_the_sum_of_products_and_returns_the_features_gradient(
    optimizer,
):
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)  # noqa: E731
    weights, features, d_hidden = draw(3, 32, 16), draw(3, 8, 32), draw(3, 8, 16)
    slots = tuple(np.abs(draw(3, 32, 16)) for _ in OPTIMIZERS[optimizer].slots)
    rates, decays = np.array([[0.1, 0.2, 0.3], [0.4, 0.0, 0.1]], np.float32)
    d_features, updated, next_slots = dense_backward(
        optimizer, *map(jnp.asarray, (weights,)), tuple(map(jnp.asarray, slots)),
        *map(jnp.asarray, (features, d_hidden, rates, decays)), jnp.float32(7),
    )  # fmt: skip
    np.testing.assert_allclose(d_features, d_hidden @ weights.swapaxes(1, 2), rtol=1e-4, atol=1e-5)
    gradient = features.swapaxes(1, 2) @ d_hidden
    by_member = (rates[:, None, None], decays[:, None, None])
    truth, after = update_array(  # held to Keras' in test_optimizers.py
        OPTIMIZERS[optimizer], weights, slots, gradient, *by_member, jnp.float32(7)
    )
    np.testing.assert_allclose(updated, truth, rtol=1e-4, atol=1e-5)
    for mine, theirs in zip(next_slots, after, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "batch", "fits"),
    [
        (FULL, 8, True),
        (FULL, 4, True),
        (FULL, 1, False),
        (WIDE, 8, True),
        (replace(WIDE, filters=(4, 16)), 8, False),
        (replace(WIDE, filters=(16, 48)), 8, False),
        (replace(WIDE, units=100), 8, False),
    ],
)
def test_sizes_that_the_kernels_do_not_support_are_recognised(architecture, batch, fits):
    assert supports(architecture, batch) == fits


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_kernels_compile_for_a_gpu(dtype, monkeypatch):
    """Without a GPU this goes down to Triton's intermediate language."""
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr("jax._src.deprecations.warn", lambda *_, **__: None)

    def shaped(*shape):
        return jax.ShapeDtypeStruct(shape, jnp.float32)

    fused = FusedConvolutions(FULL, jnp.dtype(dtype))
    weights = PopulationWeights(*(shaped(3, *w.shape) for w in initial_weights(FULL, 0)))
    images, multipliers = shaped(8, 28, 28), shaped(3, 8 * FULL.features)

    def forward_and_backward(weights, images, multipliers, gradient):
        features, residuals = fused.forward(weights, images, multipliers)
        return features, fused.backward(weights, residuals, gradient)

    gradient = shaped(3, 8, FULL.features)
    traced = jax.jit(forward_and_backward).trace(weights, images, multipliers, gradient)
    program = traced.lower(lowering_platforms=("cuda",)).as_text()
    assert program.count("custom_call @__gpu$xla.gpu.triton") == 2


@pytest.mark.parametrize("optimizer", ELEMENTWISE)
def test_the_update_of_the_large_layer_compiles_for_a_gpu(optimizer, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr("jax._src.deprecations.warn", lambda *_, **__: None)
    shapes = {"w": (3, 9216, 128), "x": (3, 8, 9216), "dy": (3, 8, 128), "m": (3,), "t": ()}
    w, x, dy, member, t = (jax.ShapeDtypeStruct(s, jnp.float32) for s in shapes.values())
    slots = (w,) * len(OPTIMIZERS[optimizer].slots)
    back = jax.jit(dense_backward, static_argnums=0)
    traced = back.trace(optimizer, w, slots, x, dy, member, member, t)
    program = traced.lower(lowering_platforms=("cuda",)).as_text()
    assert program.count("custom_call @__gpu$xla.gpu.triton") == 1
    in_place = program.count("output_tuple_indices")
    assert in_place == 1 + len(slots)  # weights and slots


@pytest.mark.parametrize("optimizer", ["muon", "l_dog"])
def test_an_optimizer_that_needs_the_whole_layer_trains_beside_the_kernels(optimizer):
    """Its large layer is updated by the plain step, and the convolutions by the kernels."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (64, 12, 12, 1)).astype(np.uint8)
    data = TrainingData(images, rng.integers(0, 5, 64), np.arange(64).reshape(8, 8))
    pair = Population(optimizer, np.full(2, 1e-3), np.array([0.0, 0.5]), np.zeros(2))
    plain, fused = (
        fit_population(WIDE, pair, data, engine=engine)[1] for engine in (PLAIN, KERNELS)
    )
    np.testing.assert_allclose(fused, plain, rtol=1e-3)


def test_on_a_cpu_the_engine_is_fixed():
    engine = select_engine(BenchmarkProblem(FULL, 250, 8), threads=3)
    assert (engine.name, engine.vectorized, engine.threads) == ("winograd", False, 3)


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(engine_selection, "BENCHMARK_STEPS", 40)
    monkeypatch.setattr(engine_selection, "PROGRESS_INTERVAL", 20)
    monkeypatch.setattr("atelier.sweep.population.PROGRESS_INTERVAL", 20)
    return BenchmarkProblem(WIDE, 4, 8)


def test_engines_that_agree_are_both_timed(short):
    times = engine_selection.time_engines(short, [PLAIN, KERNELS])
    assert list(times) == [PLAIN, KERNELS]
    assert min(times.values()) > 0


def test_an_engine_with_different_losses_is_omitted(short, monkeypatch):
    """Winograd's convolution with a transposed kernel."""
    good = layouts.LAYOUTS["winograd"]
    turned = good._replace(kernel=lambda w: good.kernel(w.swapaxes(1, 2)))
    monkeypatch.setitem(layouts.LAYOUTS, "turned", turned)
    engines = [PLAIN, replace(PLAIN, layout="winograd"), replace(PLAIN, layout="turned")]
    assert list(engine_selection.time_engines(short, engines)) == engines[:2]


def test_an_engine_that_learns_differently_is_omitted(short, monkeypatch):
    """Kernels that never update the large layer."""

    def still(_optimizer, weights, slots, features, *_):
        return jnp.zeros_like(features), weights, slots

    compiled_steps.cache_clear()
    monkeypatch.setattr(kernels, "dense_backward", still)
    assert list(engine_selection.time_engines(short, [PLAIN, KERNELS])) == [PLAIN]
    compiled_steps.cache_clear()


def test_an_engine_that_does_not_compile_is_omitted(short, monkeypatch):
    def refused(_):
        raise NotImplementedError("no such thing on this card")

    broken = layouts.LAYOUTS["winograd"]._replace(gather=refused)
    monkeypatch.setitem(layouts.LAYOUTS, "broken", broken)
    assert list(engine_selection.time_engines(short, [PLAIN, replace(PLAIN, layout="broken")])) == [
        PLAIN
    ]
    with pytest.raises(NotImplementedError):
        engine_selection.time_engines(short, [replace(PLAIN, layout="broken"), PLAIN])

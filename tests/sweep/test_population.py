"""The fused engine against Keras' own training, and against itself cut in other ways."""

import functools
import re
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support.keras_optimizers import keras_optimizer

from atelier.sweep.architecture import Architecture
from atelier.sweep.network import PopulationWeights, dropout_multipliers, initial_weights
from atelier.sweep.population import (
    Population,
    TrainingData,
    _initial_state,
    fit_and_predict,
    fit_population,
    predict_population,
)
from atelier.sweep.steps import Engine, Hyperparameters, State, compiled_steps, select_engine

FULL = Architecture()
SMALL = Architecture(classes=5, side=12, filters=(4, 6), units=16)
WIDE = Architecture(classes=5, side=12, filters=(16, 32), units=16)
COLOUR = replace(SMALL, channels=3)
SEPARATE = Engine("winograd", 8, vectorized=False, threads=2)
VECTORIZED = Engine("im2col", 1, vectorized=True)
RATES = {"adam": 1e-3, "adadelta": 0.5, "adagrad": 2e-3, "sgd": 1e-2}
RATES |= {"adamw": 1e-3, "rmsprop": 1e-3, "nadam": 1e-3, "momentum": 3e-3, "lion": 1e-4}
RATES |= {"schedule_free_adamw": 2.5e-3, "muon": 1e-3}


def image_shape(architecture: Architecture) -> tuple[int, int, int]:
    return architecture.side, architecture.side, architecture.channels


def training_data(
    architecture: Architecture, steps: int, *, batch: int = 8, seed: int = 0
) -> TrainingData:
    """Classes that differ by where they are bright, in noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(architecture.classes, size=steps * batch)
    images = rng.integers(0, 120, (len(labels), *image_shape(architecture)))
    for row, label in enumerate(labels):
        images[row, label % architecture.side, :] += 120
    order = rng.permutation(len(labels)).reshape(steps, batch)
    return TrainingData(images.astype(np.uint8), labels, order)


def population(optimizer: str, rates: list[float], *, dropout: float = 0.5) -> Population:
    n = len(rates)
    return Population(optimizer, np.array(rates), np.full(n, dropout), np.arange(n))


SLOTS = {
    "adam": ("_momentums", "_velocities"),
    "adadelta": ("_accumulated_grads", "_accumulated_delta_vars"),
    "adagrad": ("_accumulators",),
    "sgd": (),
    "adamw": ("_momentums", "_velocities"),
    "rmsprop": ("_velocities",),
    "nadam": ("_momentums", "_velocities"),
    "momentum": ("momentums",),
    "lion": ("_momentums",),
    "schedule_free_adamw": ("_momentums", "_velocities"),
    "muon": ("momentums", "adam_velocities"),
}
"""What Keras calls each optimizer's slots, in our order; None in its list: no such slot."""
LIKE_KERAS = [name for name in RATES if name != "schedule_free_adamw"]
"""On TensorFlow, Keras 3.15.1 takes schedule-free gradients at another point than the paper: see
test_optimizers.py."""


def state_at(step: int, steps: int, weights, slots) -> State:
    """A state of one member or more out of arrays that lead with the population axis."""
    slots = map(tuple, slots)
    tree = jax.tree.map(jnp.array, (PopulationWeights(*weights), PopulationWeights(*slots)))
    members = len(tree[0].bias1)
    return State(*tree, jnp.int32(step), jnp.zeros((steps, members)))


@functools.cache
def masks(architecture: Architecture, steps: int) -> np.ndarray:
    """Dropout's multipliers of the first member, (steps, 8, features)."""
    drawn = [
        dropout_multipliers(
            jnp.zeros(1), jnp.full(1, 0.5), jnp.int32(step), 8 * architecture.features
        )
        for step in range(steps)
    ]
    return np.asarray(drawn).reshape(steps, 8, architecture.features)


@functools.cache
def keras_training(architecture: Architecture, steps: int, optimizer: str):
    """Losses of Keras' network and optimizer, and the state before each step.

    The training is one for all engines. Dropout's multipliers come as a second input.
    """
    import keras

    data, multipliers = training_data(architecture, steps), masks(architecture, steps)
    layers = keras.layers
    images = keras.Input(image_shape(architecture))
    mask = keras.Input((architecture.features,))
    x = layers.Conv2D(architecture.filters[0], 3, activation="relu")(images)
    x = layers.Conv2D(architecture.filters[1], 3, activation="relu")(x)
    x = layers.Flatten()(layers.MaxPooling2D()(x)) * mask
    x = layers.Dense(architecture.units, activation="relu")(x)
    model = keras.Model([images, mask], layers.Dense(architecture.classes, name="logits")(x))
    first = initial_weights(architecture, 0)
    shapes = [w.shape for w in model.get_weights()]
    model.set_weights([np.reshape(w, shape) for w, shape in zip(first, shapes, strict=True)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras_optimizer(optimizer, exclude_layers=["logits"]), loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    model.optimizer.learning_rate = RATES[optimizer]

    def ours(variables) -> list[np.ndarray]:
        """Keras' arrays in our shapes, with a population axis."""
        return [np.reshape(v, (1, *w.shape)) for v, w in zip(variables, first, strict=True)]

    losses, states = [], []
    unit = data.images.astype(np.float32) / 255
    for step, rows in enumerate(data.order):
        by_name = [getattr(model.optimizer, name) for name in SLOTS[optimizer]]
        by_weight = [
            [np.reshape(slots[i], (1, *w.shape)) for slots in by_name if slots[i] is not None]
            for i, w in enumerate(first)
        ]
        states.append(state_at(step, data.steps, ours(model.trainable_variables), by_weight))
        losses.append(model.train_on_batch([unit[rows], multipliers[step]], data.labels[rows]))
    return np.array(losses), states


def states_of(
    architecture: Architecture, members: Population, training_data: TrainingData, engine: Engine
) -> list[State]:
    """The state before each step of a training by this engine."""
    advance, *inputs = prepared(architecture, members, training_data, engine)
    states, state = [], _initial_state(architecture, members, training_data.steps)
    for step in range(training_data.steps):
        states.append(jax.tree.map(np.array, state))
        state = advance(state, *inputs, step + 1)
    return states


def prepared(
    architecture: Architecture, members: Population, training_data: TrainingData, engine: Engine
):
    """The compiled steps, and all their inputs between the state and the last step."""
    hyperparameters = Hyperparameters(
        jnp.float32(members.learning_rates(training_data.steps)),
        jnp.float32(members.dropouts),
        jnp.uint32(members.seeds),
        jnp.float32(members.weight_decays),
    )
    data = (
        jnp.asarray(training_data.images),
        jnp.int32(training_data.labels),
        jnp.int32(training_data.order),
    )
    return compiled_steps(architecture, members.optimizer, engine), hyperparameters, *data


def losses_from(
    states,
    architecture: Architecture,
    members: Population,
    training_data: TrainingData,
    engine: Engine,
):
    """Losses of two steps taken from each of the states, (states, 2, members).

    The first shows the way forward, the second the step. What rounding does to a near-tie of max
    pooling or of ReLU then stays within a step: whole trainings part by per cents because of it.
    """
    advance, *inputs = prepared(architecture, members, training_data, engine)
    losses = []
    for step, state in enumerate(states[:-1]):
        after = advance(jax.tree.map(jnp.array, state), *inputs, step + 2)
        losses.append(np.asarray(after.losses[step : step + 2]))
    return np.array(losses)


ENGINES = {
    "winograd": (SEPARATE, SMALL),
    "im2col": (VECTORIZED, SMALL),
    "colour": (SEPARATE, COLOUR),
}


@pytest.mark.parametrize(
    ("optimizer", "engine", "architecture"),
    [
        pytest.param(optimizer, *pair, id=f"{optimizer}-{name}")
        for name, pair in ENGINES.items()
        for optimizer in LIKE_KERAS
    ]
    + [pytest.param("adam", SEPARATE, FULL, id="adam-full")],
)
def test_each_step_of_a_training_is_that_of_keras_from_the_same_state(
    optimizer, engine, architecture
):
    data = training_data(architecture, 50)
    single = population(optimizer, [RATES[optimizer]])
    truth, states = keras_training(architecture, data.steps, optimizer)
    losses = losses_from(states, architecture, single, data, engine)[..., 0]
    np.testing.assert_allclose(losses[:, 0], truth[:-1], rtol=1e-4)
    np.testing.assert_allclose(losses[:, 1], truth[1:], rtol=1e-4)
    _, whole = fit_population(architecture, single, data, engine=engine)
    assert whole[0, -1] < whole[0, 0]
    assert whole[0, -20:].mean() == pytest.approx(truth[-20:].mean(), rel=0.1)


@pytest.mark.parametrize("engine", [SEPARATE, VECTORIZED], ids=["alone", "together"])
def test_a_result_does_not_depend_on_the_other_members(engine):
    data = training_data(WIDE, 12)
    crowd = population("adam", [1e-4, 1e-3, 1e-2, 3e-3])
    everyone = fit_and_predict(WIDE, crowd, data, {"test": data.images[:20]}, engine=engine)
    alone = fit_and_predict(WIDE, crowd[2:3], data, {"test": data.images[:20]}, engine=engine)
    if not engine.vectorized:  # one program trains both
        np.testing.assert_array_equal(everyone.losses[2], alone.losses[0])
        np.testing.assert_array_equal(everyone.logits["test"][2], alone.logits["test"][0])
    states = states_of(WIDE, crowd, data, VECTORIZED)
    third = [jax.tree.map(lambda a: a[2:3], (state.weights, state.slots)) for state in states]
    lone = [state_at(step, data.steps, *arrays) for step, arrays in enumerate(third)]
    np.testing.assert_allclose(  # batched products may sum in another order
        losses_from(states, WIDE, crowd, data, engine)[..., 2],
        losses_from(lone, WIDE, crowd[2:3], data, engine)[..., 0],
        rtol=1e-4,
    )


def test_both_layouts_and_any_blocks_are_one_training():
    data, single = training_data(SMALL, 20), population("adagrad", [3e-3])
    engines = [replace(SEPARATE, blocks=blocks) for blocks in (1, 8)]
    engines += [VECTORIZED]
    states = states_of(SMALL, single, data, VECTORIZED)
    losses = [losses_from(states, SMALL, single, data, engine) for engine in engines]
    for different in losses[1:]:
        np.testing.assert_allclose(different, losses[0], rtol=1e-4)


def test_bfloat16_between_the_layers_learns_the_same():
    data, crowd = training_data(WIDE, 40), population("adam", [1e-4, 1e-3, 3e-3])
    half = replace(VECTORIZED, activations="bfloat16")
    exact, rounded = (
        fit_population(WIDE, crowd, data, engine=kind)[1] for kind in (VECTORIZED, half)
    )
    assert np.abs(rounded - exact).mean() < 0.02 * exact.mean()
    assert (rounded != exact).any()


@pytest.mark.parametrize("batch", [6, 7])
def test_any_number_of_images_makes_a_batch(batch):
    data, single = training_data(SMALL, 10, batch=batch), population("sgd", [0.03])
    states = states_of(SMALL, single, data, VECTORIZED)
    alone, vectorized = (
        losses_from(states, SMALL, single, data, e) for e in (SEPARATE, VECTORIZED)
    )
    np.testing.assert_allclose(alone, vectorized, rtol=1e-4)


def convolutions(name: str):
    from atelier.sweep.convolution import Convolutions
    from atelier.sweep.layouts import LAYOUTS

    return Convolutions(WIDE, LAYOUTS[name], 2, jnp.dtype("float32"))


@pytest.mark.parametrize("name", ["im2col", "winograd"])
def test_the_backward_pass_is_the_gradient_of_the_plain_convolution(name):
    """Against JAX's own derivative of its own convolution and pooling, for two members."""
    from jax import lax

    rng = np.random.default_rng(0)
    w = PopulationWeights(
        *(jnp.stack(a) for a in zip(*(initial_weights(WIDE, s) for s in (0, 1)), strict=True))
    )
    w = w._replace(bias1=w.bias1 + 0.1, bias2=w.bias2 - 0.1)
    images = jnp.asarray(rng.random((8, 12, 12)).astype(np.float32))
    multipliers = jnp.asarray(rng.integers(0, 2, (2, 8 * WIDE.features)) * 2.0)
    up = jnp.asarray(rng.normal(size=(2, 8, WIDE.features)).astype(np.float32))

    def of_one(conv1, bias1, conv2, bias2, multipliers):
        spec = {"window_strides": (1, 1), "padding": "VALID"}
        names = {"dimension_numbers": ("NHWC", "HWIO", "NHWC")}
        x = images[..., None]
        x = lax.conv_general_dilated(x, conv1.reshape(3, 3, 1, 16), **spec, **names)
        x = lax.conv_general_dilated(jax.nn.relu(x + bias1), conv2, **spec, **names)
        x = jax.nn.relu(x + bias2)
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        return x.reshape(8, -1) * multipliers.reshape(8, -1)

    def plain(*weights):
        return jnp.stack([of_one(*single) for single in zip(*weights, multipliers, strict=True)])

    features, back = jax.vjp(plain, *w[:4])
    ours, residuals = convolutions(name).forward(w, images, multipliers)
    np.testing.assert_allclose(ours, features, atol=1e-5)
    gradients = convolutions(name).backward(w, residuals, up)
    for mine, truth in zip(gradients, back(up), strict=True):
        np.testing.assert_allclose(mine, truth, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "optimizer", [name for name in RATES if name not in {"lion", "schedule_free_adamw"}]
)
def test_a_single_member_updates_its_large_layer_in_place(optimizer):
    """The compiled program has no copy of such an array: it cost SGD a fifth of its speed.

    Lion and schedule-free AdamW read an old slot after its new value is known, which takes a copy.
    """
    data, single = training_data(SMALL, 4), population(optimizer, [RATES[optimizer]])
    state = _initial_state(SMALL, single, data.steps)
    hyperparameters = Hyperparameters(
        jnp.zeros((data.steps, 1)),
        *(jnp.zeros(1, dtype) for dtype in ("float32", "uint32", "float32")),
    )
    feeds = jnp.asarray(data.images), jnp.zeros(len(data.labels), "int32"), jnp.asarray(data.order)
    step = compiled_steps(SMALL, optimizer, SEPARATE)
    program = step.lower(state, hyperparameters, *feeds, data.steps).compile().as_text()
    shape = f"f32[1,{SMALL.features},{SMALL.units}]"
    assert re.search(rf"{re.escape(shape)}\S* fusion\(", program)
    assert not re.search(rf"{re.escape(shape)}\S* copy\(", program)


@pytest.mark.parametrize("optimizer", RATES)
def test_a_member_that_diverges_is_marked_and_harms_no_other(optimizer):
    data = training_data(SMALL, 30)
    pair = population(optimizer, [RATES[optimizer], 1e30])
    result = fit_and_predict(SMALL, pair, data, {"test": data.images[:8]}, engine=VECTORIZED)
    assert result.diverged.tolist() == [False, True]
    calm = fit_and_predict(
        SMALL, population(optimizer, [RATES[optimizer]] * 2), data, {}, engine=VECTORIZED
    )
    np.testing.assert_array_equal(result.losses[0], calm.losses[0])  # by one program


def test_a_mask_keeps_its_share_and_follows_its_seed_alone():
    multipliers = np.asarray(
        dropout_multipliers(jnp.array([0, 0, 1]), jnp.array([0.5, 0.2, 0.5]), jnp.int32(7), 100_000)
    )
    share = (multipliers > 0).mean(1)
    np.testing.assert_allclose(share, [0.5, 0.8, 0.5], atol=4 * np.sqrt(0.25 / 100_000))
    assert set(np.unique(multipliers[0])) == {0.0, 2.0}
    np.testing.assert_allclose(np.unique(multipliers[1]), [0.0, 1.25])
    assert not (multipliers[0] > 0)[multipliers[1] == 0].any()  # what .2 drops, .5 drops too
    agree = [np.mean((multipliers[0] > 0) == (multipliers[2] > 0))]
    later = dropout_multipliers(jnp.array([0]), jnp.array([0.5]), jnp.int32(8), 100_000)
    agree.append(np.mean((multipliers[0] > 0) == (np.asarray(later)[0] > 0)))
    np.testing.assert_allclose(agree, 0.5, atol=4 * np.sqrt(0.25 / 100_000))


def test_without_dropout_nothing_is_dropped_or_scaled():
    assert (
        np.asarray(dropout_multipliers(jnp.array([3]), jnp.zeros(1), jnp.int32(1), 1000)) == 1
    ).all()


def test_weights_are_he_uniform_and_the_seeds_alone():
    architecture = Architecture()
    first, repeated, different = (initial_weights(architecture, seed) for seed in (0, 0, 1))
    limit = np.sqrt(6 / 9216)
    assert np.abs(first.dense).max() <= np.nextafter(np.float32(limit), np.inf)
    assert first.dense.std() == pytest.approx(limit / np.sqrt(3), rel=0.01)
    assert (first.dense == repeated.dense).all()
    assert (first.dense != different.dense).mean() > 0.99
    assert sum(w.size for w in first) == 320 + 18_496 + 1_179_776 + 6_063
    assert not any(bias.any() for bias in first[1::2])


def test_half_precision_activations_train_alike():
    data, single = training_data(SMALL, 60), population("sgd", [0.05], dropout=0.0)
    whole, half = (
        fit_population(SMALL, single, data, engine=replace(VECTORIZED, activations=kind))[1][0]
        for kind in ("float32", "bfloat16")
    )
    assert (whole != half).any()
    np.testing.assert_allclose(half[-20:].mean(), whole[-20:].mean(), rtol=0.05)


def test_predictions_are_those_of_the_trained_weights_whatever_the_number_of_images():
    weights = PopulationWeights(*(jnp.asarray(w)[None] for w in initial_weights(SMALL, 0)))
    images = training_data(SMALL, 5).images
    predictions = predict_population(SMALL, weights, images, engine=SEPARATE)
    assert predictions.shape == (1, 40, 5)
    np.testing.assert_allclose(
        predict_population(SMALL, weights, images[:3], engine=SEPARATE), predictions[:, :3]
    )


def test_invalid_hyperparameters_are_refused():
    with pytest.raises(ValueError, match="Expected one of .*'adam'.* Received: 'lamb'"):
        population("lamb", [0.1])
    with pytest.raises(ValueError, match="one length"):
        Population("sgd", np.ones(2), np.zeros(1), np.zeros(2))
    with pytest.raises(ValueError, match="dropout in"):
        Population("sgd", np.ones(1), np.ones(1), np.zeros(1))
    with pytest.raises(ValueError, match="even side"):
        Architecture(side=27)


def test_a_cpu_trains_each_member_in_a_step_of_its_own_and_another_device_all_together(monkeypatch):
    assert not select_engine(threads=3).vectorized
    assert select_engine(threads=3).threads == 3
    monkeypatch.setattr("jax.default_backend", lambda: "gpu")
    assert select_engine(activations="bfloat16") == replace(VECTORIZED, activations="bfloat16")

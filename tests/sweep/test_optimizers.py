"""The optimizers' steps against Keras' own, optax's, and values worked out by hand."""

import jax.numpy as jnp
import numpy as np
import pytest
from support.keras_optimizers import CLASSES, keras_optimizer

from atelier.sweep.optimizers import OPTIMIZERS, initial_slots, update_array
from atelier.sweep.optimizers.newton_schulz import orthogonalize
from atelier.sweep.schedules import SCHEDULES


def steps_on(optimizer, first, gradients, *, rate=0.3, decay=0.0):
    """The weights after each step on given gradients, and those that predict at the end."""
    w, slots = first, initial_slots(optimizer, first)
    rate, decay, after = jnp.float32(rate), jnp.float32(decay), []
    for t, g in enumerate(gradients, 1):
        w, slots = update_array(optimizer, w, slots, jnp.asarray(g), rate, decay, jnp.float32(t))
        after.append(np.asarray(w))
    return after, np.asarray(optimizer.final(w, slots, jnp.int32(len(gradients))))


def drawn(shape, steps):
    """Initial weights, and gradients of different sizes, some of them 0."""
    rng = np.random.default_rng(0)
    gradients = [rng.normal(size=shape).astype(np.float32) * (t % 5) for t in range(1, steps + 1)]
    return jnp.asarray(rng.normal(size=shape).astype(np.float32)), gradients


CHECKED = [name for name in CLASSES if name != "schedule_free_adamw"]
DECAYING = [(name, 0.1) for name in CHECKED if OPTIMIZERS[name].weight_decay is not None]


@pytest.mark.parametrize("shape", [(1, 5, 3), (1, 7)])
@pytest.mark.parametrize(("name", "decay"), [(name, None) for name in CHECKED] + DECAYING)
def test_each_step_is_that_of_keras_on_given_gradients(name, shape, decay):
    import keras

    optimizer = OPTIMIZERS[name].of_dense if len(shape) == 3 else OPTIMIZERS[name]
    decays = {"adamw": ["weight_decay"], "muon": ["weight_decay", "adam_weight_decay"]}
    options = {} if decay is None else dict.fromkeys(decays.get(name, ["weight_decay"]), decay)
    first, gradients = drawn(shape, 30)
    ours, _ = steps_on(
        optimizer,
        first,
        gradients,
        decay=(optimizer.weight_decay or 0.0) if decay is None else decay,
    )
    reference = keras_optimizer(name, learning_rate=0.3, **options)
    theirs = keras.Variable(first[0])
    for gradient, mine in zip(gradients, ours, strict=True):
        reference.apply([gradient[0]], [theirs])
        np.testing.assert_allclose(mine[0], theirs.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "moved", "idle"),
    [
        ("sgd", [0.5, -1, -0.5, 3], 0.0),
        ("adagrad", [0.523268727, 1.5006930017, 2.500509425, 3.5061352077], 0.0),
        ("adadelta", [0.9992928939, 1.9992928932, 2.9992928932, 3.9992928934], 0.0),
        ("adam", [0.5000015811, 1.5000002635, 2.5000002259, 3.5000007906], 0.33503),
        ("momentum", [0.05, -3.7, -3.65, 2.1], None),  # 1.9 · .5 · g
        ("lion", [0.5, 1.5, 2.5, 3.5], 0.5),
        ("schedule_free_adamw", [0.5, 1.5, 2.5, 3.5], None),
        # g / √(.1 g²) · .5 is .5 √10
        ("rmsprop", [-0.58113804, 0.41886205, 1.41886204, 2.41886190], 0.0),
        # u₁ = .468, u₂ = .48528: m̂ = (.1 u₂ / (1 − u₁ u₂) + (1 − u₁) / (1 − u₁)) g
        ("nadam", [0.46861, 1.46861, 2.46861, 3.46861], None),
    ],
)
def test_a_first_step_moves_the_weights_as_worked_out_by_hand(name, moved, idle):
    w, g = jnp.array([[1.0, 2, 3, 4]]), np.array([[1.0, 6, 7, 2]])
    (after, final), _ = steps_on(OPTIMIZERS[name], w, [g, 0 * g], rate=0.5)
    np.testing.assert_allclose(after[0], moved, rtol=1e-5)  # 1 − .999 in float32
    if idle is not None:  # momentum moves weights without a gradient
        np.testing.assert_allclose(after - final, idle, atol=2e-5)


def test_a_plain_step_moves_nothing_else_than_the_weight_decay_of_adamw_and_muon():
    """A gradient of 0 leaves w − η λ w: 1 − .5 · .1 of the weights, for biases and matrices."""
    for name in ("adamw", "lion", "muon"):
        for optimizer in (OPTIMIZERS[name], OPTIMIZERS[name].of_dense):
            w = jnp.ones((1, 4, 2))
            (after,), _ = steps_on(optimizer, w, [np.zeros((1, 4, 2))], rate=0.5, decay=0.1)
            np.testing.assert_allclose(after, 0.95, rtol=1e-6)


GRADIENTS = np.array([[[1, 6, 7, 2]], [[0, 1, -2, 3]], [[2, -1, 1, 0]]], np.float32)
FIRST = jnp.array([[1.0, 2, 3, 4]])


def test_schedule_free_adamw_is_that_of_keras_on_jax_and_predicts_with_the_mean():
    """Constants: Keras 3.15.1 on JAX (weights), optax 0.2.8 (``schedule_free_eval_params``).

    On TensorFlow the same Keras gives .24187776 for the first weight. It computes the old mean
    from z after the step, because its copy of z before the step is the variable itself.
    """
    after, mean = steps_on(OPTIMIZERS["schedule_free_adamw"], FIRST, GRADIENTS, rate=0.5)
    keras = [
        [0.5, 1.5, 2.5, 3.5],
        [0.5, 1.4360488653, 2.6068639755, 3.1764407158],
        [0.1902533025, 1.4748289585, 2.5888469219, 3.0881972313],
    ]
    np.testing.assert_allclose(np.concatenate(after), keras, rtol=5e-5)
    optax = [0.2418826818, 1.4693380594, 2.5902333260, 3.1078126430]
    np.testing.assert_allclose(mean[0], optax, rtol=2e-5)  # another place of ε and of 1 − β₂


def test_schedule_free_adamw_trains_at_a_mix_of_the_steps_and_their_mean():
    """The paper's three sequences x, y and z in float64, for 200 steps."""
    first, gradients = drawn((1, 6), 200)
    after, final = steps_on(OPTIMIZERS["schedule_free_adamw"], first, gradients, rate=0.01)
    x = z = np.asarray(first, np.float64)
    squares = np.zeros_like(x)
    for t, (g, ours) in enumerate(zip(gradients, after, strict=True), 1):
        squares = 0.999 * squares + 0.001 * g.astype(np.float64) ** 2
        z = z - 0.01 * g / (np.sqrt(squares / (1 - 0.999**t)) + 1e-8)
        x = x + (z - x) / t
        np.testing.assert_allclose(ours, 0.1 * z + 0.9 * x, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(final, x, rtol=1e-4, atol=1e-5)


def test_layer_wise_dog_is_dog_of_optax_on_one_array():
    """Constants: the weights after 1, 2, 20 and 40 steps by optax 0.2.8's ``contrib.dog``."""
    gradients = [GRADIENTS[t % 3] * (1 + t) for t in range(40)]
    after, _ = steps_on(OPTIMIZERS["l_dog"], FIRST, gradients, rate=1.0)
    optax = [
        [0.9999993443, 1.9999959469, 2.9999952316, 3.9999985695],
        [0.9999993443, 1.9999948740, 2.9999973774, 3.9999954700],
        [0.9998915195, 1.9997857809, 2.9998371601, 3.9997739792],
        [0.9977364540, 1.9956890345, 2.9955506325, 3.9964179993],
    ]
    np.testing.assert_allclose([after[t][0] for t in (0, 1, 19, 39)], optax, rtol=1e-6)


def test_layer_wise_dog_treats_members_apart_and_predicts_with_a_mean_of_late_weights():
    first, gradients = drawn((2, 3, 2), 50)
    both, final = steps_on(OPTIMIZERS["l_dog"], first, gradients, rate=1.0)
    alone, _ = steps_on(OPTIMIZERS["l_dog"], first[1:], [g[1:] for g in gradients], rate=1.0)
    np.testing.assert_allclose(both[-1][1:], alone[-1], rtol=1e-6)
    steps = np.arange(1, 51)
    shares = 9 / (8 + steps)
    left = np.append(np.cumprod((1 - shares)[::-1])[-2::-1], 1)  # kept of step t until the end
    mean = sum(s * w for s, w in zip(shares * left, both, strict=True))
    np.testing.assert_allclose(final, mean, rtol=1e-5)
    assert (shares * left).sum() == pytest.approx(1)


@pytest.mark.parametrize("shape", [(2, 96, 16), (2, 16, 96), (2, 9, 9)])
def test_newton_schulz_on_the_small_side_is_that_on_the_whole_matrix(shape):
    """Against the iteration on X itself in float64, and against the singular vectors."""
    x = np.random.default_rng(0).normal(size=shape)
    ours = np.asarray(orthogonalize(jnp.asarray(x.astype(np.float32))))
    whole = x / np.linalg.norm(x, axis=(1, 2), keepdims=True)
    for _ in range(5):
        gram = whole @ whole.swapaxes(1, 2)
        whole = 3.4445 * whole + (-4.775 * gram + 2.0315 * gram @ gram) @ whole
    np.testing.assert_allclose(ours, whole, atol=1e-4 * np.abs(whole).max())
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    values = np.einsum("kri,krc,kic->ki", u, ours, vh)
    assert ((values > 0.6) & (values < 1.25)).all()


def test_schedules_are_those_of_keras():
    import keras

    schedules = keras.optimizers.schedules
    warm = schedules.CosineDecay(0.0, 90, warmup_target=1.0, warmup_steps=10)
    linear = schedules.PolynomialDecay(1.0, 100, end_learning_rate=0.0)
    for name, reference in (("one_cycle", warm), ("linear", linear)):
        theirs = [float(reference(step)) for step in range(100)]
        np.testing.assert_allclose(SCHEDULES[name](100), theirs, rtol=1e-5, atol=1e-6)
    assert (SCHEDULES["constant"](100) == 1).all()


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 4, 14_100])
def test_a_schedule_is_between_0_and_1_at_any_length(name, steps):
    factors = SCHEDULES[name](steps)
    assert len(factors) == steps
    assert ((factors >= 0) & (factors <= 1)).all()
    assert factors.max() == pytest.approx(1, abs=1e-3) or name == "one_cycle"

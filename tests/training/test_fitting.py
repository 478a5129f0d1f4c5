import keras
import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError
from support.training import STILL, Memory

from atelier.training.augmentation import affine_coefficients, augment
from atelier.training.batches import to_unit, training_batches
from atelier.training.compilation import build_optimizer
from atelier.training.fitting import fit, fit_all_epochs
from atelier.training.params import AugmentationParams, TrainingParams
from atelier.training.reproducibility import make_reproducible

DEFAULTS = {
    "optimizer": "adam",
    "learning_rate": 0.01,
    "schedule": "constant",
    "weight_decay": 0,
    "averaging": 0,
    "batch_size": 16,
    "epochs": 4,
    "patience": 9,
    "augmentation": STILL,
    "seed": 3,
    "threads": 2,
}


def recipe(**changes) -> TrainingParams:
    return TrainingParams(**(DEFAULTS | changes))


def network(seed=3):
    make_reproducible(seed, 2)
    return keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.BatchNormalization(momentum=0.8),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(4),
        ]
    )


@pytest.fixture(scope="module")
def data(made):
    return made(100, 4), made(40, 4, seed=1)


def train(data, training, *, checkpoint=None, curve=None):
    curve = [] if curve is None else curve
    return fit(network(), *data, training, curve=curve, checkpoint=checkpoint or Memory())


def weights_equal(one, other):
    return all(map(np.array_equal, one.get_weights(), other.get_weights()))


def test_a_network_learns_what_can_be_learnt(data):
    model, history = train(data, recipe())
    images, labels = to_unit(data[1]["images"]), data[1]["labels"]
    assert (model.predict(images, verbose=0).argmax(axis=1) == labels).mean() > 0.95
    assert len(history) == 4


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(data):
    first, again, other = (train(data, recipe(seed=seed)) for seed in (3, 3, 4))
    assert weights_equal(first.model, again.model)
    assert not weights_equal(first.model, other.model)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "adamw", "schedule": "one_cycle", "averaging": 0.9, "weight_decay": 0.01},
        {"optimizer": "sgd", "augmentation": STILL | {"degrees": 10, "pixels": 1}},
    ],
)
def test_killed_and_started_again_it_reaches_the_same_weights(data, changes):
    training = recipe(**changes)
    whole = train(data, training)
    checkpoint, curve = Memory(dies_after=2), []
    with pytest.raises(KeyboardInterrupt):
        train(data, training, checkpoint=checkpoint, curve=curve)
    assert len(curve) == 2
    resumed_curve = []
    resumed = train(data, training, checkpoint=checkpoint, curve=resumed_curve)
    assert weights_equal(whole.model, resumed.model)
    assert not checkpoint.cleared  # the model is not saved yet
    assert weights_equal(train(data, training, checkpoint=checkpoint).model, whole.model)
    plain = [[row[name] for name in row if name != "seconds"] for row in whole.history]
    assert [[row[name] for name in row if name != "seconds"] for row in resumed_curve] == plain


def test_a_checkpoint_of_other_data_or_parameters_is_not_taken_up(data):
    checkpoint = Memory(dies_after=1)
    with pytest.raises(KeyboardInterrupt):
        train(data, recipe(), checkpoint=checkpoint)
    checkpoint.dies_after = None
    assert weights_equal(
        train(data, recipe(learning_rate=0.02), checkpoint=checkpoint).model,
        train(data, recipe(learning_rate=0.02)).model,
    )


def test_a_checkpoint_is_not_taken_up_with_another_validation_split(data, made):
    checkpoint = Memory(dies_after=1)
    with pytest.raises(KeyboardInterrupt):
        train(data, recipe(epochs=2), checkpoint=checkpoint)
    train((data[0], made(40, 4, seed=2)), recipe(epochs=2), checkpoint=checkpoint)
    assert checkpoint.saved == 1 + 2  # from the first epoch on


def test_the_weights_of_the_best_epoch_are_kept_and_patience_stops(data):
    noise = dict(data[0], labels=np.random.default_rng(0).permutation(data[0]["labels"]))
    training = recipe(epochs=30, patience=3, learning_rate=0.02)
    model, history = fit(network(), noise, data[1], training, curve=[], checkpoint=Memory())
    losses = [row["val_loss"] for row in history]
    best = int(np.argmin(losses))
    assert len(history) == best + 1 + 3 < 30
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    logits = model.predict(to_unit(data[1]["images"]), verbose=0)
    assert float(loss(data[1]["labels"], logits)) == pytest.approx(losses[best], rel=1e-5)


def test_averaged_weights_of_a_short_training_are_not_its_first_weights(data):
    model, _ = train(data, recipe(averaging=0.999, epochs=6, schedule="one_cycle"))
    logits = model.predict(to_unit(data[1]["images"]), verbose=0)
    assert (logits.argmax(axis=1) == data[1]["labels"]).mean() > 0.95


@pytest.mark.parametrize(("epochs", "momentum"), [(30, 0.9), (5, 1 - 10 / 35)])
def test_statistics_are_averaged_as_the_weights_are(data, epochs, momentum):
    model = train(data, recipe(averaging=0.9, epochs=epochs)).model
    assert model.optimizer.ema_momentum == pytest.approx(momentum)
    assert model.layers[1].momentum == model.optimizer.ema_momentum


def test_without_averaging_the_statistics_are_the_networks_own(data):
    assert train(data, recipe(epochs=1)).model.layers[1].momentum == 0.8


def test_every_epoch_shows_every_image_once_in_an_order_of_its_own(data):
    training = recipe(epochs=2)
    split = dict(data[0], labels=np.arange(100))
    labels = np.concatenate([np.asarray(label) for _, label in training_batches(split, training)])
    first, second = labels[:100], labels[100:]
    assert sorted(first) == sorted(second) == list(range(100))
    assert (first != second).any()


def test_a_stream_that_starts_later_is_the_rest_of_the_whole_one(data):
    training = recipe(epochs=3, augmentation=STILL | {"degrees": 20})
    whole = [np.asarray(images) for images, _ in training_batches(data[0], training)]
    rest = [
        np.asarray(images) for images, _ in training_batches(data[0], training, epochs=range(2, 3))
    ]
    assert all(map(np.array_equal, whole[14:], rest))
    assert len(rest) == 7


def change(**values) -> AugmentationParams:
    return AugmentationParams(**(STILL | values))


def test_augmentation_by_nothing_changes_nothing(data):
    images = to_unit(data[0]["images"][:5])
    np.testing.assert_allclose(augment(images, change(), tf.constant([1, 2])), images, atol=1e-6)


def test_a_quarter_turn_is_numpys():
    image = to_unit(np.random.default_rng(0).integers(0, 256, (1, 9, 9, 1), dtype=np.uint8))
    seeds = (tf.constant([0, seed]) for seed in range(200))
    turned = change(degrees=90)
    angle = lambda seed: affine_coefficients(tf.constant(1), (9, 9), turned, seed)[0, 0]  # noqa: E731
    seed = min(seeds, key=lambda seed: abs(float(angle(seed))))  # cosine near 0: a quarter turn
    result = augment(image, turned, seed)[0, ..., 0]
    difference = min(np.abs(result - np.rot90(image[0, ..., 0], k)).max() for k in (1, 3))
    assert difference < 0.15


def test_shifts_stay_within_what_is_allowed():
    maps = affine_coefficients(tf.constant(500), (28, 28), change(pixels=2), tf.constant([0, 1]))
    shifts = maps.numpy()[:, [2, 5]]
    assert np.abs(shifts).max() <= 2
    assert np.abs(shifts).max() > 1.9


def test_one_cycle_rises_to_the_rate_and_falls_to_a_thousandth():
    schedule = build_optimizer(recipe(schedule="one_cycle"), 100)._learning_rate
    rates = [float(schedule(step)) for step in range(101)]
    assert rates[0] == pytest.approx(0.001)
    assert max(rates) == pytest.approx(0.01) == rates[30]
    assert rates[100] == pytest.approx(1e-5)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        ("sgd", [0.5, -1, -0.5, 3]),
        ("adagrad", [0.523268727, 1.5006930017, 2.500509425, 3.5061352077]),
        ("adadelta", [0.9992928939, 1.9992928932, 2.9992928932, 3.9992928934]),
        ("adam", [0.5000015811, 1.5000002635, 2.5000002259, 3.5000007906]),
    ],
)
def test_one_step_of_each_optimizer_is_the_published_one(optimizer, expected):
    weights = keras.Variable([1.0, 2.0, 3.0, 4.0])
    step = build_optimizer(recipe(optimizer=optimizer, learning_rate=0.5), 1)
    step.apply([keras.ops.array([1.0, 6.0, 7.0, 2.0])], [weights])
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-5)  # Keras: float32


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"learning_rate": -1}, "greater than 0"),
        ({"optimizer": "adma"}, "adadelta"),
        ({"epochs": 0}, "greater than 0"),
        ({"learnig_rate": 1}, "Extra inputs"),
        ({"averaging": 1}, "less than 1"),
    ],
)
def test_a_bad_recipe_is_refused(changes, words):
    with pytest.raises(ValidationError, match=words):
        recipe(**changes)


def test_the_training_step_is_traced_once_because_the_metrics_exist_before():
    traces = []

    class Counted(keras.Model):
        def train_step(self, data):
            traces.append(data)
            return super().train_step(data)

    image = keras.Input((4, 4, 1))
    logits = keras.layers.Dense(2)(keras.layers.Flatten()(image))
    labels = np.arange(8) % 2
    split = {"images": np.zeros((8, 4, 4, 1), np.uint8), "labels": labels}
    fit_all_epochs(Counted(image, logits), split, recipe(batch_size=2, epochs=1))
    assert len(traces) == 1

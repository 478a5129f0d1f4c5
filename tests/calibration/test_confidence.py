"""The calibrated model, adversarial images, and the capacity study."""

import keras
import numpy as np
import pytest
from scipy.special import softmax
from support.training import STILL, Memory

from atelier.calibration.adversarial import fast_gradient_sign
from atelier.calibration.capacity import (
    capacity_settings,
    capacity_study,
    overtrain,
    train_dense_network,
)
from atelier.calibration.density import DensityModel
from atelier.calibration.networks import dense_network
from atelier.calibration.params import CapacityParams, DenseParams
from atelier.calibration.scaling import TemperatureScaling
from atelier.calibration.serving import calibrated_model
from atelier.data.idx import read_idx
from atelier.evaluation import expected_calibration_error
from atelier.training.batches import to_unit
from atelier.training.params import TrainingParams
from atelier.training.prediction import predict_logits


@pytest.fixture(scope="module")
def network(made):
    images = made(90, 9)["images"]
    return dense_network(
        9, shape=images.shape[1:], width=16, depth=1, batch_normalisation=True, seed=0
    )


@pytest.mark.parametrize("covariance", ["diagonal", "full", "tied"])
def test_the_calibrated_model_says_what_its_parts_say(covariance, made, network, tmp_path):
    split = made(400, 9)
    logits = network.predict(to_unit(split["images"]), verbose=0)
    labels = np.where(split["labels"] == 8, 0, split["labels"])  # the last class is absent
    density = DensityModel(covariance).fit(logits, labels).set_rejection(logits, quantile=0.3)
    path = tmp_path / "calibrated.keras"
    calibrated_model(network, temperature=1.7, density=density).save(path)
    loaded = keras.models.load_model(path, safe_mode=True)
    said = loaded.predict(split["images"], verbose=0)
    second, first = np.sort(logits, axis=1)[:, -2:].T
    plain = first - second > 1e-3  # another graph may break a near-tie the other way
    assert plain.mean() > 0.9
    np.testing.assert_array_equal(said["label"][plain], logits.argmax(axis=1)[plain])
    np.testing.assert_allclose(
        said["probability"], softmax(logits / 1.7, axis=1).max(axis=1), rtol=1e-5
    )
    expected = density.log_density(logits)
    np.testing.assert_allclose(said["log_density"], expected, rtol=1e-4, atol=2e-3)
    clear = np.abs(expected - density.reject_below) > 0.01
    np.testing.assert_array_equal(said["reject"][clear], density.rejects(logits)[clear])
    assert said["reject"].mean() == pytest.approx(0.3, abs=0.02)


def test_the_density_of_named_arrays_is_the_same_density(made):
    logits, labels = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 3
    model = DensityModel("full").fit(logits, labels).set_rejection(logits, quantile=0.1)
    again = DensityModel.from_arrays(model.arrays())
    np.testing.assert_array_equal(again.log_density(logits), model.log_density(logits))
    np.testing.assert_array_equal(again.rejects(logits), model.rejects(logits))


def test_fgsm_moves_every_pixel_by_epsilon_uphill(network):
    """A pixel's sign is that of the loss' central difference."""
    rng = np.random.default_rng(0)
    images, labels = rng.uniform(0.3, 0.7, (3, 12, 12, 1)).astype(np.float32), np.array([0, 1, 2])
    moved = fast_gradient_sign(network, images, labels, epsilon=0.1)
    assert set(np.round(np.abs(moved - images).ravel(), 5)) <= {0.0, np.float32(0.1).round(5)}

    def loss(pictures):
        logits = network.predict(pictures, verbose=0).astype(np.float64)
        return -np.log(softmax(logits, axis=1)[np.arange(3), labels])

    for row, column in ((0, 0), (5, 7), (11, 3)):
        step = np.zeros_like(images)
        step[:, row, column] = 1e-2
        slope = loss(images + step) - loss(images - step)
        sure = np.abs(slope) > 1e-4
        assert sure.any()
        signs = np.sign((moved - images)[:, row, column, 0])
        np.testing.assert_array_equal(signs[sure], np.sign(slope[sure]))


@pytest.fixture(scope="module")
def study():
    training = TrainingParams(
        optimizer="adam", learning_rate=0.003, schedule="constant", weight_decay=0, averaging=0,
        batch_size=30, epochs=2, patience=2, augmentation=STILL, seed=0, threads=2,
    )  # fmt: skip
    reference = {"width": 8, "depth": 1, "weight_decay": 0, "batch_normalisation": False}
    return CapacityParams(
        reference=reference,
        changes={"width": (4, 8), "batch_normalisation": (0, 1)},
        training=training,
        seeds=(0, 1),
        overtrained=reference,
        overtrained_epochs=30,
        overtrained_images=60,
    )


def test_a_study_that_was_killed_ends_as_if_undisturbed(made, study):
    train, calibration, test = (made(90, 9, seed=seed) for seed in range(3))
    whole = capacity_study(train, calibration, test, study, Memory())
    checkpoint = Memory(dies_after=3)
    with pytest.raises(KeyboardInterrupt):
        capacity_study(train, calibration, test, study, checkpoint)
    resumed = capacity_study(train, calibration, test, study, checkpoint)
    assert whole.equals(resumed)
    assert len(whole) == len(list(capacity_settings(study))) == 8


def test_the_reference_stands_under_every_factor_with_the_same_numbers(made, study):
    table = capacity_study(*(made(90, 9, seed=seed) for seed in range(3)), study, Memory())
    same = table[(table["width"] == 8) & (table["batch_normalisation"] == 0) & (table["seed"] == 1)]
    assert set(same["factor"]) == {"width", "batch_normalisation"}
    assert same["nll"].nunique() == 1
    assert set(table["parameters"]) == {4 * 145 + 9 * 5, 8 * 145 + 9 * 9, 8 * 144 + 4 * 8 + 9 * 9}


def test_overtraining_goes_on_past_the_best_likelihood_and_tells_each_epoch(made, study):
    train, calibration, test = (made(90, 9, seed=seed) for seed in range(3))
    noisy = train | {"labels": np.random.default_rng(0).permutation(train["labels"])}
    curve = []
    logits, history = overtrain(noisy, calibration, test, study, curve)
    assert curve == history
    assert len(history) == 30
    nll = [row["test_nll"] for row in history]
    assert history[-1]["train_nll"] < history[0]["train_nll"]
    assert nll[-1] > min(nll)  # labels were shuffled: nothing to learn but noise
    error = (logits["test_logits"].argmax(axis=1) != test["labels"]).mean()
    assert history[-1]["test_error"] == error


def test_on_real_emnist_one_temperature_cuts_the_error_of_an_overtrained_network_fivefold(mirror):
    folder = mirror / "emnist"
    images = read_idx(folder / "emnist-bymerge-test-images-idx3-ubyte.gz")
    labels = read_idx(folder / "emnist-bymerge-test-labels-idx1-ubyte.gz").astype(np.int64)
    order = np.random.default_rng(0).permutation(len(labels))
    train, calibration, test = (
        {"images": images[rows][..., None], "labels": labels[rows]}
        for rows in (order[:4000], order[4000:8000], order[8000:14000])
    )
    training = TrainingParams(
        optimizer="adam", learning_rate=0.001, schedule="constant", weight_decay=0, averaging=0,
        batch_size=100, epochs=40, patience=40, augmentation=STILL, seed=0, threads=2,
    )  # fmt: skip
    network = DenseParams(width=256, depth=2, weight_decay=0, batch_normalisation=False)
    model = train_dense_network(network, train, training, classes=47)
    held_out, logits = (predict_logits(model, one["images"]) for one in (calibration, test))
    scaling = TemperatureScaling().fit(held_out, calibration["labels"])
    before, after = softmax(logits.astype(np.float64), axis=1), scaling.transform(logits)
    np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))
    errors = [expected_calibration_error(probs, test["labels"]) for probs in (before, after)]
    assert errors[0] > 5 * errors[1]

"""The served model answers what the library's calibrators, sets and rejection rules say."""

import keras
import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from atelier.calibration import CALIBRATORS, DensityModel, TemperatureScaling, selection
from atelier.calibration.conformal import AdaptiveSets, LeastAmbiguousSets, RegularizedAdaptiveSets
from atelier.calibration.rejection_study import RejectionRule
from atelier.calibration.served_calibrators import SERVED, is_served, served_probabilities
from atelier.calibration.serving import calibrated_model

NAMES = [name for name, kind in CALIBRATORS.items() if is_served(kind)]


def answer_of(model, inputs):
    """A model's outputs as arrays."""
    return keras.tree.map_structure(np.asarray, model(inputs, training=False))


def planted(classes, n=600, seed=0):
    """Overconfident logits, a column of which is biased, and their labels."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(n, classes))
    drawn = softmax(logits, axis=1).cumsum(axis=1) < rng.random((n, 1))
    return 2.5 * logits + 0.5 * np.eye(classes)[0], drawn.sum(axis=1).clip(max=classes - 1)


def extreme(classes):
    """Saturated logits, near ties, and an impossible class."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(40, classes)) * np.logspace(-3, 4, 40)[:, None]
    rows[:3, 1] = [-1e30, 1e4, -1e4]
    rows[3] = 0
    rows[4] = 1e4 * np.eye(classes)[-1]
    return rows + rng.choice([0, 50, -50], 40)[:, None]


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("name", NAMES)
def test_served_probabilities_are_those_of_the_calibrator(name, classes, tmp_path):
    calibrator = CALIBRATORS[name]().fit(*planted(classes))
    inputs = keras.Input((classes,))
    keras.Model(inputs, served_probabilities(calibrator, inputs)).save(tmp_path / "served.keras")
    served = keras.models.load_model(tmp_path / "served.keras", safe_mode=True)
    new = planted(classes, n=300, seed=3)[0].astype(np.float32)
    expected = calibrator.transform(new)
    np.testing.assert_allclose(answer_of(served, new), expected, rtol=2e-4, atol=1e-6)
    saturated = extreme(classes).astype(np.float32)
    answer = answer_of(served, saturated)
    np.testing.assert_allclose(answer, calibrator.transform(saturated), rtol=0.02, atol=2e-4)
    np.testing.assert_allclose(answer.sum(axis=1), 1, rtol=1e-5)


def test_every_scaling_is_served_and_a_calibrator_that_counts_samples_is_an_error():
    assert {"temperature", "ensemble_temperature", "vector", "matrix", "structured_vector",
            "structured_matrix", "beta", "dirichlet", "platt"} == set(NAMES)  # fmt: skip
    assert len(SERVED) == len(NAMES)
    assert set(NAMES) == selection.SERVED
    calibrator = CALIBRATORS["isotonic"]().fit(*planted(3))
    with pytest.raises(ValueError, match="consists of Keras' operations.*IsotonicRegression"):
        served_probabilities(calibrator, keras.Input((3,)))


@pytest.mark.parametrize("temperature", [1e-40, 1e-6, 1e6])
def test_a_temperature_beyond_single_precision_is_served(temperature):
    calibrator = TemperatureScaling()
    calibrator.classes_, calibrator.temperature_ = 3, temperature
    inputs = keras.Input((3,))
    served = keras.Model(inputs, served_probabilities(calibrator, inputs))
    logits = np.array([[3.0, 1.0, 1.0], [0.0, 0.0, -5.0]], np.float32)
    expected = calibrator.transform(logits)
    np.testing.assert_allclose(answer_of(served, logits), expected, rtol=1e-5)


@pytest.fixture(scope="module")
def network():
    """Its three logits are the pixels of an image, times 20."""
    images = keras.Input((1, 3, 1))
    return keras.Model(images, 20.0 * keras.ops.reshape(images, (-1, 3)))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(2, 256, (400, 1, 3, 1), dtype=np.uint8)


@pytest.fixture(scope="module")
def logits(images):
    return 20.0 * images.reshape(-1, 3) / 255


@pytest.fixture(scope="module")
def labels(logits):
    rng = np.random.default_rng(2)
    drawn = softmax(logits / 3, axis=1).cumsum(axis=1) < rng.random((len(logits), 1))
    return drawn.sum(axis=1).clip(max=2)


def serve(network, logits, labels, tmp_path, **given):
    density = DensityModel().fit(logits, labels).set_rejection(logits, quantile=0.1)
    path = tmp_path / "calibrated.keras"
    calibrated_model(network, temperature=3.0, density=density, **given).save(path)
    return keras.models.load_model(path, safe_mode=True), density


SETS = {
    "lac": LeastAmbiguousSets(level=0.9),
    "lac without empty sets": LeastAmbiguousSets(level=0.4, allow_empty=False),
    "lac by class": LeastAmbiguousSets(level=0.9, by_class=True),
    "aps": AdaptiveSets(level=0.9),
    "aps by class": AdaptiveSets(level=0.8, by_class=True),
    "raps": RegularizedAdaptiveSets(level=0.9, penalty=0.2, free_ranks=1),
}


@pytest.mark.parametrize("name", SETS)
def test_the_served_sets_are_those_of_the_library(name, network, images, logits, labels, tmp_path):
    calibrator = TemperatureScaling().fit(logits[:200], labels[:200])
    held_out = calibrator.transform(logits[:200])
    sets = SETS[name].fit(held_out, labels[:200])
    served, _ = serve(network, logits, labels, tmp_path, calibrator=calibrator, sets=sets)
    said = answer_of(served, images[200:])
    assert said["set"].dtype == bool
    expected = sets.sets(calibrator.transform(logits[200:]))
    assert 0 < expected.mean() < 1
    assert (said["set"] == expected).mean() > 0.995  # a threshold is a score of few images
    assert not (~said["set"]).all(axis=1).any() or sets.allow_empty


def test_a_class_without_a_threshold_is_in_every_served_set(network, images, logits, tmp_path):
    labels = (logits[:, 0] > logits[:, 1]).astype(np.int64)  # no third class
    for sets in (LeastAmbiguousSets(by_class=True), AdaptiveSets(by_class=True)):
        sets.fit(softmax(logits / 3, axis=1), labels)
        served, _ = serve(network, logits, labels, tmp_path, sets=sets)
        assert answer_of(served, images[:50])["set"][:, 2].all()


def test_randomised_sets_cannot_be_served(network, logits, labels, tmp_path):
    sets = AdaptiveSets(randomized=True).fit(softmax(logits, axis=1), labels)
    with pytest.raises(ValueError, match="not randomised"):
        serve(network, logits, labels, tmp_path, sets=sets)


@pytest.mark.parametrize(
    "score", ["softmax", "temperature", "calibrated", "energy", "posterior", "log_density"]
)
def test_images_whose_score_is_below_the_threshold_are_rejected(
    score, network, images, logits, labels, tmp_path
):
    vector = CALIBRATORS["vector"]().fit(logits, labels)
    density = DensityModel().fit(logits, labels)
    expected = {
        "softmax": softmax(logits, axis=1).max(axis=1),
        "temperature": softmax(logits / 3, axis=1).max(axis=1),
        "calibrated": vector.transform(logits).max(axis=1),
        "energy": logsumexp(logits, axis=1),
        "posterior": density.posterior(logits).max(axis=1),
        "log_density": density.log_density(logits),
    }[score]
    threshold = float(np.quantile(expected, 0.3))
    rule = RejectionRule(score, threshold, "quantile", "")
    served, _ = serve(network, logits, labels, tmp_path, calibrator=vector, rejection=rule)
    said = answer_of(served, images)
    assert (said["reject"] == (expected < threshold)).mean() > 0.99
    calibrated = vector.transform(logits)
    np.testing.assert_allclose(said["probability"], calibrated.max(axis=1), rtol=1e-4)
    assert (said["label"] == calibrated.argmax(axis=1)).mean() > 0.99
    assert said["reject"].mean() == pytest.approx(0.3, abs=0.02)
    assert "set" not in said


@pytest.mark.parametrize(("threshold", "rejected"), [(np.inf, True), (-np.inf, False)])
def test_a_rule_may_reject_all_or_none(
    threshold, rejected, network, images, logits, labels, tmp_path
):
    rule = RejectionRule("energy", threshold, "risk", "")
    assert RejectionRule.from_record(rule.record()) == rule
    served, _ = serve(network, logits, labels, tmp_path, rejection=rule)
    assert (answer_of(served, images[:20])["reject"] == rejected).all()


def test_without_a_rule_the_densitys_threshold_rejects(network, images, logits, labels, tmp_path):
    served, density = serve(network, logits, labels, tmp_path)
    said = answer_of(served, images)
    assert (said["reject"] == density.rejects(logits)).mean() > 0.99
    np.testing.assert_array_equal(said["label"], said["probabilities"].argmax(axis=1))


@pytest.mark.parametrize(("brightest", "is_blank"), [(0, True), (1, True), (2, False)])
def test_an_image_without_a_grey_value_above_1_is_rejected(
    brightest, is_blank, network, logits, labels, tmp_path
):
    rule = RejectionRule("softmax", 0.0, "quantile", "")  # accepts everything else
    served, _ = serve(network, logits, labels, tmp_path, rejection=rule)
    image = np.array([0, brightest, 0], np.uint8).reshape(1, 1, 3, 1)
    assert answer_of(served, image)["reject"].tolist() == [is_blank]

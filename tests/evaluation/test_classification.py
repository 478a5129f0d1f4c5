import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from atelier.evaluation import BootstrapParams, expected_calibration_error
from atelier.evaluation.classification import (
    class_scores,
    classification_metrics,
    confident_mistakes,
    confusion_matrix,
)
from atelier.evaluation.intervals import wilson_interval

LOGITS = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 0.5]])
LABELS = np.array([0, 1, 1, 0])
PARAMS = BootstrapParams(resamples=20, seed=0)


def test_the_wilson_interval_of_the_posts_accuracy():
    assert wilson_interval(9840, 10_000) == pytest.approx((0.9813, 0.9863), abs=5e-5)


def test_metrics_by_hand():
    metrics = classification_metrics(LOGITS, LABELS, PARAMS)
    assert metrics["accuracy"] == 0.5
    assert metrics["n"] == 4
    assert metrics["accuracy_low"] < 0.5 < metrics["accuracy_high"]
    differences = np.array([2.0, 1.0, -3.0, -0.5])  # of the true class's logit from the other's
    losses = np.log1p(np.exp(-differences))
    assert metrics["nll"] == pytest.approx(losses.mean(), rel=1e-12)
    confidence = 1 / (1 + np.exp(-np.abs(differences)))  # each in a bin of its own
    assert metrics["ece"] == pytest.approx(np.abs(confidence - [1, 1, 0, 0]).mean(), rel=1e-12)


def test_the_likelihood_is_scikit_learns_and_its_interval_the_central_limits():
    """Half the width of a 95 % interval of a mean is about 1.96 standard errors."""
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(4000, 3)), rng.integers(3, size=4000)
    metrics = classification_metrics(logits, labels, BootstrapParams(resamples=400, seed=0))
    probs = softmax(logits, axis=1)
    assert metrics["nll"] == pytest.approx(log_loss(labels, probs), rel=1e-9)
    losses = -np.log(probs[np.arange(4000), labels])
    half = 1.96 * losses.std() / np.sqrt(4000)
    assert metrics["nll_high"] - metrics["nll"] == pytest.approx(half, rel=0.25)
    assert metrics["nll"] - metrics["nll_low"] == pytest.approx(half, rel=0.25)
    assert metrics["ece_low"] <= metrics["ece"] <= metrics["ece_high"] < 1
    assert metrics["ece"] == expected_calibration_error(probs, labels)


def test_scores_by_class_and_confusions_by_hand():
    scores = class_scores(LOGITS, LABELS, ["a", "b"])
    assert scores["precision"].tolist() == [0.5, 0.5]
    assert scores["recall"].tolist() == [0.5, 0.5]
    assert scores["n"].tolist() == [2, 2]
    assert confusion_matrix(LOGITS, LABELS).tolist() == [[1, 1], [1, 1]]


def test_a_class_that_is_never_predicted_scores_zero():
    scores = class_scores(np.array([[1.0, 0.0]]), np.array([1]), ["a", "b"])
    assert scores["precision"].tolist() == [0, 0]


def test_the_most_confident_mistake_comes_first():
    assert confident_mistakes(LOGITS, LABELS, count=5).tolist() == [2, 3]
    assert confident_mistakes(LOGITS, LABELS, count=1).tolist() == [2]


MEASURES = {
    "metrics": lambda logits, labels: classification_metrics(logits, labels, PARAMS),
    "scores": lambda logits, labels: class_scores(logits, labels, ["a", "b"]),
    "confusions": confusion_matrix,
    "mistakes": lambda logits, labels: confident_mistakes(logits, labels, count=2),
}
REFUSED = {
    "a class that is none": (
        LOGITS,
        np.array([0, 1, 2, 0]),
        r"labels in \[0, 2\)\. Received: 0 … 2",
    ),
    "one-hot labels": (LOGITS, np.eye(2)[LABELS], r"labels of shape \(4,\)"),
    "a logit that is none": (LOGITS * [1, np.nan], LABELS, "finite logits"),
    "one column": (LOGITS[:, :1], LABELS, r"logits \(n, "),
    "nothing": (LOGITS[:0], LABELS[:0], "n > 0"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("measure", MEASURES)
def test_what_has_no_prediction_or_no_truth_is_refused(measure, name):
    logits, labels, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        MEASURES[measure](logits, labels)


@pytest.mark.parametrize("measure", MEASURES)
def test_labels_of_any_number_type_are_the_same_labels(measure):
    same = MEASURES[measure](LOGITS.tolist(), LABELS.astype(np.float32))
    truth = MEASURES[measure](LOGITS, LABELS)
    assert str(same) == str(truth)


def test_names_of_other_classes_are_refused():
    with pytest.raises(ValueError, match=r"Expected logits \(n, 3\)\. Received: \(4, 2\)"):
        class_scores(LOGITS, LABELS, ["a", "b", "c"])

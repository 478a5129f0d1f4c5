import numpy as np
import pytest
from sklearn.metrics import log_loss

from atelier.scores import (
    class_scores,
    classification_metrics,
    confident_mistakes,
    confusions,
    cross_entropy,
    wilson_interval,
)

LOGITS = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 0.5]])
LABELS = np.array([0, 1, 1, 0])


def test_the_wilson_interval_of_the_posts_accuracy():
    assert wilson_interval(9840, 10_000) == pytest.approx((0.9813, 0.9863), abs=5e-5)


def test_metrics_by_hand():
    metrics = classification_metrics(LOGITS, LABELS)
    assert metrics["accuracy"] == 0.5
    assert metrics["n"] == 4
    assert metrics["accuracy_low"] < 0.5 < metrics["accuracy_high"]


def test_cross_entropy_equals_scikit_learns():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(200, 5)), rng.integers(5, size=200)
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert cross_entropy(logits, labels) == pytest.approx(log_loss(labels, probs), rel=1e-12)


def test_cross_entropy_survives_saturated_logits():
    logits = np.array([[1e4, 0, -1e4]], np.float32)
    assert cross_entropy(logits, np.array([0])) == 0
    assert cross_entropy(logits, np.array([2])) == 2e4


def test_scores_by_class_and_confusions_by_hand():
    scores = class_scores(LOGITS, LABELS, ["a", "b"])
    assert scores["precision"].tolist() == [0.5, 0.5]
    assert scores["recall"].tolist() == [0.5, 0.5]
    assert scores["n"].tolist() == [2, 2]
    assert confusions(LOGITS, LABELS).tolist() == [[1, 1], [1, 1]]


def test_a_class_that_is_never_predicted_scores_zero():
    scores = class_scores(np.array([[1.0, 0.0]]), np.array([1]), ["a", "b"])
    assert scores["precision"].tolist() == [0, 0]


def test_the_most_confident_mistake_comes_first():
    assert confident_mistakes(LOGITS, LABELS, count=5).tolist() == [2, 3]
    assert confident_mistakes(LOGITS, LABELS, count=1).tolist() == [2]

import numpy as np
import pytest

from atelier.evaluation.classification import (
    class_scores,
    classification_metrics,
    confident_mistakes,
    confusion_matrix,
)
from atelier.evaluation.intervals import wilson_interval

LOGITS = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 0.5]])
LABELS = np.array([0, 1, 1, 0])


def test_the_wilson_interval_of_the_posts_accuracy():
    assert wilson_interval(9840, 10_000) == pytest.approx((0.9813, 0.9863), abs=5e-5)


def test_metrics_by_hand():
    metrics = classification_metrics(LOGITS, LABELS)
    assert metrics["accuracy"] == 0.5
    assert metrics["n"] == 4
    assert metrics["accuracy_low"] < 0.5 < metrics["accuracy_high"]


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

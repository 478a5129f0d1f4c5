"""Matrix scaling: the search for W and b where it is long, and where there is no optimum."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from atelier.calibration import CALIBRATORS, affine
from atelier.calibration.affine import Penalties, fit_affine
from atelier.calibration.minimization import NEGLIGIBLE, minimize_convex


def confident_network(n=900, classes=8, features=5, wrong=0.04, seed=0):
    """Correlated logits, from a linear layer on few features, with some wrong labels."""
    rng = np.random.default_rng(seed)
    layer, labels = rng.normal(size=(features, classes)), rng.integers(classes, size=n)
    inputs = layer.T[labels] * 2 + rng.normal(size=(n, features))
    other = rng.integers(classes, size=n)
    return inputs @ layer * 2, np.where(rng.random(n) < wrong, other, labels)


def losses(z, labels):
    """Returns the log loss of the fit, and that of scikit-learn's Newton method on their axes."""
    weight, bias = fit_affine(z, labels, Penalties(0, 0, 0), full=True, start=0.3)
    axes = np.linalg.svd(z, full_matrices=False)[0][:, :5] * np.sqrt(len(z))
    newton = LogisticRegression(C=np.inf, solver="newton-cg", tol=1e-8, max_iter=500)
    theirs = newton.fit(axes, labels).predict_proba(axes)
    return log_loss(labels, softmax(z @ weight.T + bias, axis=1)), log_loss(labels, theirs)


@pytest.mark.parametrize("first", [1, 10, 80])
@pytest.mark.parametrize("seed", range(3))
def test_rounds_in_units_of_each_class_reach_the_optimum(first, seed, monkeypatch):
    monkeypatch.setattr(affine, "FIRST_ITERATIONS", first)
    z, labels = confident_network(seed=seed)
    ours, theirs = losses(z, labels)
    assert ours <= theirs + 1e-6


def test_more_classes_than_have_matrices_of_units_reach_the_optimum_too(monkeypatch):
    monkeypatch.setattr(affine, "MOST_CLASSES", 7)
    ours, theirs = losses(*confident_network())
    assert ours <= theirs + 1e-6


def test_an_absent_class_and_equal_logits_have_finite_units(monkeypatch):
    monkeypatch.setattr(affine, "FIRST_ITERATIONS", 1)
    z, labels = confident_network()
    z[:, 3] = z[:, 2]
    labels = np.where(labels == 5, 4, labels)
    weight, bias = fit_affine(z, labels, Penalties(0, 0, 0), full=True)
    assert np.isfinite(weight).all()
    assert np.isfinite(bias).all()
    before = log_loss(labels, softmax(z, axis=1), labels=range(8))
    assert log_loss(labels, softmax(z @ weight.T + bias, axis=1), labels=range(8)) < before


@pytest.mark.parametrize("name", ["vector", "matrix"])
def test_a_separable_set_ends_at_a_negligible_loss(name):
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(400, 5)), np.arange(400) % 5
    logits[np.arange(400), labels] += 8
    probs = CALIBRATORS[name]().fit(logits, labels).transform(logits)
    assert log_loss(labels, probs) < NEGLIGIBLE


def test_a_search_says_whether_it_ended_by_itself():
    def bowl(x):
        return float((x - 1) ** 2 @ [1, 100] + 2), 2 * (x - 1) * [1, 100]

    found, has_ended = minimize_convex(bowl, np.zeros(2), curvatures=np.array([2.0, 200.0]))
    assert has_ended
    np.testing.assert_allclose(found, 1, atol=1e-6)
    _, has_ended = minimize_convex(bowl, np.zeros(2), max_iterations=1)
    assert not has_ended

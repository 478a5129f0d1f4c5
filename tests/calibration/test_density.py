"""Densities and detection against scikit-learn, SciPy and hand values."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import multivariate_normal
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve
from sklearn.naive_bayes import GaussianNB

from atelier.calibration.density import DensityModel
from atelier.evaluation.detection import detection_intervals, detection_metrics

COVARIANCES = ["diagonal", "full", "tied"]


def clouds(seed=0, n=600, classes=3):
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    mixing = rng.normal(size=(classes, classes, classes)) / 2 + np.eye(classes)
    noise = np.einsum("nij,nj->ni", mixing[labels], rng.normal(size=(n, classes)))
    return rng.normal(size=(classes, classes))[labels] * 3 + noise, labels


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_the_posterior_of_two_gaussians_by_hand(covariance):
    logits = np.repeat([-1.0, 1.0, 1.0, 3.0], 20)[:, None]
    model = DensityModel(covariance).fit(logits, np.repeat([0, 0, 1, 1], 20))
    np.testing.assert_allclose(model.posterior(np.array([[0.5]])), [[0.7310585786, 0.2689414214]])
    expected = np.log(0.5 * (np.exp(-0.125) + np.exp(-1.125)) / np.sqrt(2 * np.pi))
    np.testing.assert_allclose(model.log_density(np.array([[0.5]])), expected)


def test_diagonal_is_scikit_learns_naive_bayes():
    logits, labels = clouds()
    theirs = GaussianNB(var_smoothing=0).fit(logits, labels)
    ours = DensityModel("diagonal").fit(logits, labels)
    new = clouds(seed=1)[0]
    np.testing.assert_allclose(ours.posterior(new), theirs.predict_proba(new), atol=1e-9)
    density = np.logaddexp.reduce(theirs.predict_joint_log_proba(new), axis=1)
    np.testing.assert_allclose(ours.log_density(new), density)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_a_score_is_the_posterior_the_log_density_and_the_rejection(covariance):
    logits, labels = clouds()
    model = DensityModel(covariance).fit(logits, labels).set_rejection(logits, quantile=0.1)
    score = model.score(logits)
    np.testing.assert_array_equal(score.posterior, model.posterior(logits))
    np.testing.assert_array_equal(score.log_density, model.log_density(logits))
    np.testing.assert_array_equal(score.rejected, model.rejects(logits))
    assert score.rejected.sum() == len(logits) // 10
    np.testing.assert_allclose(score.posterior.sum(axis=1), 1)


def test_a_density_of_one_dimension_counts_each_nan_once():
    logits = np.array([[0.0], [1.0], [np.nan]])
    with pytest.raises(ValueError, match="1 of 3 NaN"):
        DensityModel().fit(logits, np.array([0, 1, 1]))


def test_full_is_scipys_normal_for_each_class():
    logits, labels = clouds()
    joint = [
        multivariate_normal(own.mean(axis=0), np.cov(own.T, ddof=0)).logpdf(logits)
        + np.log(len(own) / len(logits))
        for own in (logits[labels == one] for one in range(3))
    ]
    ours = DensityModel("full").fit(logits, labels)
    np.testing.assert_allclose(ours.log_density(logits), np.logaddexp.reduce(joint, axis=0))
    np.testing.assert_allclose(ours.posterior(logits), softmax(joint, axis=0).T, atol=1e-12)
    theirs = QuadraticDiscriminantAnalysis().fit(logits, labels)
    agree = ours.posterior(logits).argmax(axis=1) == theirs.predict(logits)
    assert agree.mean() > 0.99  # theirs divides by n − 1


def test_tied_is_scikit_learns_linear_discriminant():
    logits, labels = clouds()
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(logits, labels)
    ours = DensityModel("tied").fit(logits, labels)
    np.testing.assert_allclose(ours.posterior(logits), theirs.predict_proba(logits), atol=1e-6)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_rare_and_absent_classes_lean_on_the_others(covariance):
    logits, labels = clouds(classes=4)
    labels[labels == 3] = 0
    labels[0] = 2
    few = np.flatnonzero(labels == 2)[1:]
    keep = np.setdiff1d(np.arange(len(labels)), few)
    model = DensityModel(covariance).fit(logits[keep], labels[keep])
    posterior = model.posterior(logits)
    assert np.isfinite(model.log_density(logits)).all()
    assert posterior.shape == (600, 4)
    assert (posterior[:, 3] == 0).all()
    np.testing.assert_allclose(posterior.sum(axis=1), 1)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_far_from_all_data_the_posterior_saturates_and_the_density_does_not(covariance):
    logits, labels = clouds()
    model = DensityModel(covariance).fit(logits, labels).set_rejection(logits, quantile=0.02)
    far = logits * 1e4
    assert np.isfinite(model.posterior(far)).all()
    assert model.posterior(far).max(axis=1).mean() > 0.999
    assert model.rejects(far).all()
    assert model.rejects(logits).mean() == pytest.approx(0.02, abs=1 / 600)


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize(
    "factors", [(1, 1e4, 1), (1e-8, 1, 1e8), (1e155,) * 3, (1e-160,) * 3, (1e300, 1, 1e-300)]
)
def test_the_units_of_an_axis_change_no_posterior(covariance, factors):
    logits, labels = clouds()
    plain = DensityModel(covariance).fit(logits, labels)
    other = DensityModel(covariance).fit(logits * factors, labels)
    expected = plain.posterior(logits)
    np.testing.assert_allclose(other.posterior(logits * factors), expected, atol=1e-9)
    shifted = other.log_density(logits * factors) + np.log(factors).sum()
    np.testing.assert_allclose(shifted, plain.log_density(logits), atol=1e-9)


@pytest.mark.parametrize("covariance", ["diagonal", "full"])
def test_narrow_classes_beside_wide_ones_keep_their_widths(covariance, caplog):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 100)
    widths = np.array([1e-3, 1e3])
    centres = np.array([[0, 0], [1e4, 1e4]])[labels]
    logits = centres + rng.normal(size=(200, 2)) * widths[labels, None]
    model = DensityModel(covariance).fit(logits, labels)
    for kind in range(2):
        own = logits[labels == kind]
        spread = np.cov(own.T, ddof=0) * (np.eye(2) if covariance == "diagonal" else 1)
        expected = multivariate_normal(own.mean(axis=0), spread).logpdf(own) + np.log(0.5)
        np.testing.assert_allclose(model._log_joint(own)[:, kind], expected, rtol=1e-6)
    assert "no variance" not in caplog.text


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_a_redundant_or_constant_axis_is_logged_and_changes_no_posterior(covariance, caplog):
    logits, labels = clouds()
    plain = DensityModel(covariance).fit(logits, labels).posterior(logits)
    dead = np.column_stack([logits, np.full(len(logits), 0.1)])
    model = DensityModel(covariance).fit(dead, labels)
    np.testing.assert_allclose(model.posterior(dead)[:, :3], plain, atol=1e-6)
    assert "classes 0, 1, 2, 3 have no variance in a direction" in caplog.text
    caplog.clear()
    summed = np.column_stack([logits, logits.sum(axis=1)])
    model = DensityModel(covariance).fit(summed, labels)
    if covariance == "diagonal":  # each axis alone has its variance
        assert not caplog.text
    else:
        np.testing.assert_allclose(model.posterior(summed)[:, :3], plain, atol=1e-6)
        assert "no variance in a direction" in caplog.text


@pytest.mark.parametrize("covariance", ["diagonal", "full"])
def test_a_class_that_is_constant_on_an_axis_has_a_floor_there_only(covariance, caplog):
    logits, labels = clouds(classes=3)
    logits[labels == 1, 1] = 0.3
    model = DensityModel(covariance).fit(logits, labels)
    assert "classes 1 have no variance in a direction" in caplog.text
    assert np.isfinite(model.log_density(logits)).all()
    within = np.mean([(logits[labels == k, 1].var()) * (labels == k).sum() for k in range(3)])
    within *= 3 / len(labels)
    variances = np.diag(np.linalg.inv(model.whiteners[1].T @ model.whiteners[1]))
    own = logits[labels == 1].var(axis=0)
    np.testing.assert_allclose(variances, [own[0], 1e-6 * within, own[2]], rtol=1e-4)


def test_a_model_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="diagonal, full, tied"):
        DensityModel("round")
    with pytest.raises(ValueError, match="constant"):
        DensityModel().fit(np.zeros((4, 2)), np.array([0, 1, 0, 1]))
    with pytest.raises(ValueError, match="1 of 4 NaN"):
        DensityModel().fit(np.array([[0, np.nan], [1, 2]]), np.array([0, 1]))
    with pytest.raises(ValueError, match="quantile"):
        DensityModel().fit(*clouds()).set_rejection(clouds()[0], quantile=1)


def scores():
    rng = np.random.default_rng(0)
    return np.round(rng.normal(1, 1, 900), 1), np.round(rng.normal(0, 1, 500), 1)  # with ties


def test_detection_is_scikit_learns_also_with_ties():
    inside, outside = scores()
    truth = np.r_[np.zeros(900), np.ones(500)]
    doubt = -np.r_[inside, outside]
    found = detection_metrics(inside, outside)
    assert found.auroc == pytest.approx(roc_auc_score(truth, doubt))
    assert found.aupr == pytest.approx(average_precision_score(truth, doubt))
    passed, recall, _ = roc_curve(1 - truth, -doubt, drop_intermediate=False)
    assert found.fpr95 == pytest.approx(passed[np.argmax(recall >= 0.95)])


def test_a_score_without_information_detects_nothing():
    same = np.ones(50)
    assert detection_metrics(same, same) == (0.5, 0.5, 1.0)
    assert detection_metrics(same, same - 1) == (1.0, 1.0, 0.0)


def test_the_interval_of_detection_is_that_of_delong():
    inside, outside = scores()
    low, high = detection_intervals(inside, outside, seed=0, resamples=400)
    pairs = (inside[:, None] > outside) + 0.5 * (inside[:, None] == outside)
    variance = pairs.mean(axis=1).var(ddof=1) / 900 + pairs.mean(axis=0).var(ddof=1) / 500
    assert high.auroc - low.auroc == pytest.approx(2 * 1.96 * np.sqrt(variance), rel=0.15)
    assert low.auroc < detection_metrics(inside, outside).auroc < high.auroc


def test_scores_that_are_not_finite_are_counted():
    with pytest.raises(ValueError, match="out-of-distribution scores. Received: 1 of 2 NaN"):
        detection_metrics(np.ones(3), np.array([np.nan, 1]))
    with pytest.raises(ValueError, match="in-distribution scores"):
        detection_metrics(np.ones(0), np.ones(2))


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("far", [1e155, -1e200, 1e300])
def test_beyond_all_numbers_the_nearest_gaussian_has_all_of_the_posterior(covariance, far):
    """The squared distance overflows; the wider of two Gaussians is nearest, of equal ones any."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 400)
    logits = rng.normal(labels[:, None] * 2.0, 1.0 + labels[:, None], (800, 2))
    model = DensityModel(covariance).fit(logits, labels).set_rejection(logits, quantile=0.01)
    score = model.score(np.array([[far, far], [0.5, 0.5], [far, far / 2], [far, far]]))
    is_far = np.array([True, False, True, True])
    assert score.posterior[is_far].max(axis=1).tolist() == [1, 1, 1]
    assert covariance == "tied" or set(score.posterior[is_far].argmax(axis=1)) == {1}
    assert score.posterior.sum(axis=1) == pytest.approx(np.ones(4))
    assert np.isneginf(score.log_density).tolist() == is_far.tolist()
    assert score.rejected.tolist() == is_far.tolist()


@pytest.mark.parametrize("labels", [[0.5, 1], [0, np.inf], [np.nan, 1], [-1, 1], [0, 10**9]])
def test_labels_that_are_no_classes_are_refused(labels):
    with pytest.raises(ValueError, match="Expected (integer )?labels"):
        DensityModel().fit(np.eye(2), np.array(labels))

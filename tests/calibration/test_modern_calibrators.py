"""Calibrators of later papers: other packages' numbers, second computations, and laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from sklearn.isotonic import IsotonicRegression as TheirIsotonic
from sklearn.linear_model import LogisticRegression

from atelier.calibration import (
    CALIBRATORS,
    BetaCalibration,
    Calibrator,
    DirichletCalibration,
    EnsembleTemperatureScaling,
    HistogramBinning,
    SplineCalibration,
    StructuredMatrixScaling,
    StructuredVectorScaling,
    TemperatureScaling,
    VennAbers,
)
from atelier.calibration.affine import Penalties, fit_affine
from atelier.calibration.ensemble import best_weights
from atelier.calibration.own_logits import interleave_classes
from atelier.calibration.selection import cross_validated_losses
from atelier.calibration.venn_abers import venn_abers_pairs
from atelier.evaluation import brier_score

ALL = list(CALIBRATORS.items())
COUNTING = {"histogram_binning", "isotonic", "bbq", "spline", "venn_abers"}
"""Calibrators whose likelihood on the fitting set may be less than without calibration."""
TWO_CLASSES = {"platt", "beta"}
"""Calibrators that hold the identity of each class, before rows are divided by their sum."""


def reference_set():
    """60 rows of 3 classes, from arithmetic alone, so that every program has the same."""
    row, column = np.arange(60), np.arange(3)
    logits = 3 * np.sin(1.7 * row[:, None] + 2.1 * column[None] ** 2 + 0.3)
    labels = np.where(row % 4 != 0, logits.argmax(axis=1), (row * 7 + row**2) % 11 % 3)
    return logits, labels


def drawn(n=400, classes=4, scale=2.0, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * 1.5
    chosen = softmax(logits, axis=1).cumsum(axis=1) < rng.random((n, 1))
    return logits * scale, chosen.sum(axis=1).clip(max=classes - 1)


def log_loss(probs, labels):
    label = probs[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(label, 1e-300)).mean())


# probmetrics 1.3.0: SVSCalibrator() and SMSCalibrator() in single precision, whose search ends
# earlier, and ETSCalibrator(loss="ce"), on the softmax of the reference set
PROBMETRICS = {
    StructuredVectorScaling: (
        [[0.23938, 0.34266, 0.41796], [0.86504, 0.05808, 0.07689], [0.32711, 0.29569, 0.37720]],
        3e-4,
    ),
    StructuredMatrixScaling: (
        [[0.24029, 0.34145, 0.41827], [0.86261, 0.07158, 0.06581], [0.32822, 0.30750, 0.36428]],
        3e-4,
    ),
    EnsembleTemperatureScaling: (
        [[0.19475, 0.40819, 0.39706], [0.83758, 0.08136, 0.08107], [0.30053, 0.34416, 0.35532]],
        2e-5,
    ),
}


@pytest.mark.parametrize(("calibrator", "expected"), PROBMETRICS.items())
def test_probabilities_are_those_of_probmetrics(calibrator, expected):
    values, tolerance = expected
    logits, labels = reference_set()
    probs = calibrator().fit(logits, labels).transform(logits)
    np.testing.assert_allclose(probs[:3], values, atol=tolerance)


def test_penalised_scaling_is_where_the_gradient_is_zero():
    """By differences of the objective as the paper writes it, along every parameter."""
    logits, labels = drawn(n=300)
    penalties = Penalties(diagonal=0.02, off_diagonal=0.05, bias=0.03)
    for full in (True, False):
        weight, bias = fit_affine(logits, labels, penalties, full=full)
        matrix = weight if full else np.diag(weight)

        def objective(matrix, bias):
            change = matrix - np.eye(4)
            squares = np.where(np.eye(4) > 0, 0.02, 0.05) * change**2
            nll = log_loss(softmax(logits @ matrix.T + bias, axis=1), labels)
            return nll + squares.sum() + 0.03 * (bias**2).sum()

        step = 1e-4
        for row in range(4):
            for column in range(4) if full else [row]:
                change = np.zeros((4, 4))
                change[row, column] = step
                rise = objective(matrix + change, bias) - objective(matrix - change, bias)
                assert abs(rise / (2 * step)) < 2e-5
            shift = step * np.eye(4)[row]
            rise = objective(matrix, bias + shift) - objective(matrix, bias - shift)
            assert abs(rise / (2 * step)) < 2e-5


def test_without_penalties_it_is_multinomial_logistic_regression():
    logits, labels = drawn(n=600, classes=3)
    weight, bias = fit_affine(logits, labels, Penalties(0, 0, 0), full=True)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit(logits, labels)
    ours = softmax(logits @ weight.T + bias, axis=1)
    np.testing.assert_allclose(ours, theirs.predict_proba(logits), atol=2e-3)


def test_dirichlet_calibration_with_the_same_penalty_everywhere_is_ridge_regression():
    """A large λ leaves W diagonal, and a large μ no bias: then it is a weight for each class."""
    logits, labels = drawn()
    fitted = DirichletCalibration(off_diagonal=1e6, intercept=1e6).fit(logits, labels)
    weight = np.diag(fitted.weight_)
    np.testing.assert_allclose(fitted.weight_ - np.diag(weight), 0, atol=1e-4)
    np.testing.assert_allclose(fitted.bias_, 0, atol=1e-4)
    z = log_softmax(logits, axis=1)
    error = fitted.transform(logits) - np.eye(4)[labels]
    np.testing.assert_allclose((error * z).mean(axis=0), 0, atol=2e-3)


def test_structured_scaling_of_few_samples_is_near_temperature_scaling_and_of_many_far():
    logits, labels = drawn(n=40_000, classes=5)
    logits[:, 2] += 3  # what a bias takes back
    few, many = logits[:10], logits
    for calibrator in (StructuredVectorScaling, StructuredMatrixScaling):
        for rows, near in ((few, True), (many, False)):
            true = labels[: len(rows)]
            probs = calibrator().fit(rows, true).transform(logits[:200])
            temperature = TemperatureScaling().fit(rows, true).transform(logits[:200])
            assert (np.abs(probs - temperature).mean() < 0.06) == near


@pytest.mark.parametrize(
    ("terms", "best"),
    [
        # a third of the labels has probability 0 in all but the uniform term
        ([[0.9, 0.9, 0.2]] * 30 + [[0.0, 0.0, 0.2]] * 15, None),
        ([[0.9, 0.5, 0.2]] * 9, [1, 0, 0]),
        ([[0.5, 0.9, 0.2]] * 9, [0, 1, 0]),
    ],
)
def test_the_ensembles_weights_maximise_the_likelihood(terms, best):
    terms = np.array(terms)
    weights = best_weights(terms)
    if best is None:
        # 30 log(0.2 + 0.7 a) + 15 log(0.2 − 0.2 a), a = w₁ + w₂: 2 / (2/7 + a) = 1 / (1 − a)
        assert weights[:2].sum() == pytest.approx(4 / 7, abs=1e-5)
    else:
        np.testing.assert_allclose(weights, best, atol=1e-5)


def test_beta_calibration_is_logistic_regression_on_two_logarithms():
    logits, labels = drawn(n=3000, classes=2, scale=1.6)
    probs = softmax(logits, axis=1)
    design = np.log(probs[:, ::-1]) * [1, -1]  # ln p and −ln(1 − p) of the second class
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit(design, labels)
    assert (theirs.coef_ > 0).all()
    ours = BetaCalibration().fit(logits, labels).transform(logits)
    np.testing.assert_allclose(ours, theirs.predict_proba(design), atol=1e-3)


def test_beta_calibration_never_decreases():
    """Labels against the scores: both slopes are 0, their bound, and c is the share's log-odds."""
    logits, labels = drawn(n=500, classes=2)
    fitted = BetaCalibration().fit(logits, 1 - labels)
    (parameters,) = [one.keywords["parameters"] for one in fitted.maps_]
    np.testing.assert_allclose(parameters[:2], 0, atol=1e-3)
    np.testing.assert_allclose(fitted.transform(logits)[:, 1], (1 - labels).mean(), atol=2e-3)


def test_a_beta_map_is_recovered():
    rng = np.random.default_rng(0)
    score = rng.random(60_000).clip(1e-3, 1 - 1e-3)
    odds = 0.5 * np.log(score) - 1.5 * np.log(1 - score) + 0.7
    labels = (rng.random(len(score)) < 1 / (1 + np.exp(-odds))).astype(int)
    logits = np.stack([np.zeros(len(score)), np.log(score / (1 - score))], axis=1)
    (fitted,) = BetaCalibration().fit(logits, labels).maps_
    np.testing.assert_allclose(fitted.keywords["parameters"], [0.5, 1.5, 0.7], atol=0.06)


def test_a_spline_takes_back_a_constant_shift_of_the_probabilities():
    rng = np.random.default_rng(0)
    score = np.sort(rng.uniform(0.2, 0.6, 20_000))
    labels = (rng.random(len(score)) < score + 0.2).astype(int)
    logits = np.stack([np.zeros(len(score)), np.log(score / (1 - score))], axis=1)
    probs = SplineCalibration().fit(logits, labels).transform(logits)[:, 1]
    np.testing.assert_allclose(probs, score + 0.2, atol=0.05)
    assert np.abs(probs - score - 0.2).mean() < 0.012


def test_the_spline_is_the_least_squares_fit_of_its_paper():
    """A natural cubic spline by its second derivatives: the equations are set up here."""
    rng = np.random.default_rng(1)
    score, knots = np.sort(rng.random(200)), 4
    labels = (rng.random(200) < score**2).astype(int)
    share, at = np.linspace(0, 1, 200), np.linspace(0, 1, knots)
    target = np.cumsum(labels - score) / 200
    h = at[1]
    # second derivatives M of heights y, M₀ = M₃ = 0:
    # h²(Mᵢ₋₁ + 4 Mᵢ + Mᵢ₊₁) = 6 (yᵢ₋₁ − 2 yᵢ + yᵢ₊₁)
    inner = np.linalg.solve(
        h**2 * np.array([[4.0, 1], [1, 4]]), 6 * np.array([[1.0, -2, 1, 0], [0, 1, -2, 1]])
    )
    second = np.vstack([np.zeros(4), inner, np.zeros(4)])  # from heights

    def basis(t, *, derivative):
        j = min(int(t / h), knots - 2)
        a, b = at[j + 1] - t, t - at[j]
        left, right, low, high = second[j], second[j + 1], np.eye(4)[j], np.eye(4)[j + 1]
        if derivative:
            bend = (-(a**2) * left + b**2 * right) / (2 * h) - h / 6 * (right - left)
            return bend + (high - low) / h
        bend = (a**3 * left + b**3 * right) / (6 * h) - h / 6 * (a * left + b * right)
        return bend + (a * low + b * high) / h

    values, slopes = (
        np.array([basis(t, derivative=derivative) for t in share]) for derivative in (False, True)
    )
    heights = np.linalg.lstsq(values, target, rcond=None)[0]
    expected = np.clip(score + slopes @ heights, 0, 1)
    logits = np.stack([np.zeros(200), np.log(score / (1 - score))], axis=1)
    found = SplineCalibration(knots=knots).fit(logits, labels).transform(logits)[:, 1]
    np.testing.assert_allclose(found, expected, atol=1e-7)


def two_isotonic_fits(score, labels, new):
    """p₀ and p₁ of each new score by scikit-learn, refitted for each one."""
    pairs = []
    for value in new:
        values = []
        for outcome in (0, 1):
            fit = TheirIsotonic().fit(np.append(score, value), np.append(labels, outcome))
            values.append(float(fit.predict([value])[0]))
        pairs.append(values)
    return np.array(pairs)


@given(st.integers(0, 2**32 - 1), st.integers(1, 25), st.booleans())
@settings(max_examples=40, deadline=None)
def test_venn_abers_is_two_isotonic_fits_for_each_score(seed, n, with_ties):
    rng = np.random.default_rng(seed)
    score = rng.integers(1, 7, n) / 8 if with_ties else rng.uniform(0.05, 0.95, n)
    labels = (rng.random(n) < rng.choice([score, 1 - score, np.full(n, 0.5)])).astype(int)
    new = np.concatenate([score, rng.uniform(0.01, 0.99, 15)])
    lower, upper = two_isotonic_fits(score, labels, new).T
    logits, fresh = (np.stack([0 * s, np.log(s / (1 - s))], axis=1) for s in (score, new))
    found = VennAbers().fit(logits, labels).transform(fresh)[:, 1]
    np.testing.assert_allclose(found, upper / (1 - lower + upper), atol=1e-9)


def test_venn_abers_pairs_by_hand():
    """Scores 1 < 2 < 3 with outcomes 1, 0, 1: a new one at 2 pools 1, 0 and itself."""
    lower, upper = venn_abers_pairs(np.array([1, 1, 1]), np.array([1, 0, 1]))
    np.testing.assert_allclose(lower, [1 / 3, 1 / 3, 1 / 2])
    np.testing.assert_allclose(upper, [2 / 3, 2 / 3, 1])


CONTAIN_THE_IDENTITY = [
    (name, classes)
    for name in CALIBRATORS
    for classes in (2, 4)
    if name not in COUNTING and (classes == 2 or name not in TWO_CLASSES)
]


@pytest.mark.parametrize(("name", "classes"), CONTAIN_THE_IDENTITY)
def test_a_family_that_contains_the_identity_is_never_worse_on_its_fitting_set(name, classes):
    calibrator = CALIBRATORS[name]
    for seed in range(4):
        logits, labels = drawn(n=60, classes=classes, scale=[0.3, 1, 1, 4][seed], seed=seed)
        before = log_loss(softmax(logits, axis=1), labels)
        after = log_loss(calibrator().fit(logits, labels).transform(logits), labels)
        # structured scaling smooths by 1 / (n + 1), Platt's targets are softened by about 1 / n
        slack = 1 / 60 if name.startswith("structured") or name == "platt" else 1e-9
        assert after <= before + slack


@pytest.mark.parametrize(("name", "calibrator"), ALL, ids=CALIBRATORS)
def test_permuted_classes_have_permuted_probabilities(name, calibrator):
    logits, labels = drawn(n=300, classes=4)
    order = np.array([2, 0, 3, 1])  # new class k is the old class order[k]
    plain = calibrator().fit(logits, labels).transform(logits)
    other = calibrator().fit(logits[:, order], np.argsort(order)[labels])
    tolerance = 2e-3 if name in {"vector", "matrix"} else 5e-4
    np.testing.assert_allclose(other.transform(logits[:, order]), plain[:, order], atol=tolerance)


@pytest.mark.parametrize("calibrator", CALIBRATORS.values(), ids=CALIBRATORS)
def test_single_precision_has_the_probabilities_of_double(calibrator):
    logits, labels = drawn(n=300, classes=4)
    logits = logits.astype(np.float32)
    one, other = (calibrator().fit(z, labels) for z in (logits, logits.astype(np.float64)))
    np.testing.assert_array_equal(one.transform(logits), other.transform(logits))


KEEPING = [(name, kind) for name, kind in ALL if kind.keeps_predictions]


def test_the_calibrators_that_change_no_prediction():
    assert [name for name, _ in KEEPING] == ["temperature", "ensemble_temperature"]


@pytest.mark.parametrize("calibrator", [kind for _, kind in KEEPING])
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100))
@settings(max_examples=30, deadline=None)
def test_predictions_stay_whatever_it_is_fitted_to(calibrator, seed, sharpness):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(40, 5)) * sharpness, rng.integers(5, size=40)
    found = calibrator().fit(logits, labels).transform(logits).argmax(axis=1)
    np.testing.assert_array_equal(found, logits.argmax(axis=1))


@pytest.mark.parametrize(
    "calibrator", [StructuredVectorScaling, StructuredMatrixScaling, DirichletCalibration]
)
def test_an_added_class_that_no_row_expects_changes_little(calibrator):
    logits, labels = drawn(n=3000)
    wider = np.append(logits, np.full((3000, 1), -60.0), axis=1)
    plain, other = (calibrator().fit(z, labels).transform(z) for z in (logits, wider))
    assert np.abs(other[:, :4] - plain).mean() < 0.01


def test_structured_matrix_scaling_helps_a_network_that_confuses_two_classes():
    """The truth: class 0 loses half of its rows to class 1, whatever the logits say of it."""
    rng = np.random.default_rng(0)
    logits, labels = drawn(n=6000, classes=6, scale=2.5)
    labels = np.where((labels == 0) & (rng.random(6000) < 0.5), 1, labels)
    fitting, test = slice(0, 3000), slice(3000, None)
    probs = {
        name: CALIBRATORS[name]().fit(logits[fitting], labels[fitting]).transform(logits[test])
        for name in ("temperature", "structured_vector", "structured_matrix")
    }
    losses = {name: log_loss(p, labels[test]) for name, p in probs.items()}
    assert losses["structured_matrix"] < losses["temperature"] - 0.02
    assert losses["structured_vector"] < losses["temperature"] - 0.01
    scores = {name: brier_score(p, labels[test]) for name, p in probs.items()}
    assert scores["structured_matrix"] < scores["temperature"]


@pytest.mark.parametrize(
    ("name", "expected", "close"),
    [  # betacal 1.1.0, whose search ends at 1e-4, and venn-abers 1.5.4
        ("beta", [0.00558, 0.10879, 0.33772, 0.44115, 0.58315, 0.83832, 0.97469], 5e-4),
        ("venn_abers", [1 / 11, 1 / 4, 5 / 11, 5 / 9, 5 / 9, 2 / 3, 9 / 10], 1e-9),
    ],
)
def test_two_classes_are_those_of_their_authors_packages(name, expected, close):
    index = np.arange(40)
    labels = (np.sin(1.7 * index) + 0.6 * np.cos(3.1 * index) > 0.1).astype(int)
    logits = np.stack([np.zeros(40), 6 * np.sin(1.7 * index)], axis=1)
    new = np.stack([np.zeros(7), [-5, -2, -0.5, 0, 0.7, 2.5, 5.5]], axis=1)
    probs = CALIBRATORS[name]().fit(logits, labels).transform(new)
    np.testing.assert_allclose(probs[:, 1], expected, atol=close)


@pytest.mark.parametrize(
    ("temperature", "smoothing"), [(0, 0.1), (-1, 0.1), (np.inf, 0.1), (1, 0), (1, 1), (np.nan, 1)]
)
@pytest.mark.parametrize("kind", [StructuredVectorScaling, StructuredMatrixScaling])
def test_a_state_with_either_number_out_of_range_is_refused(kind, temperature, smoothing):
    fitted = kind().fit(*reference_set())
    with pytest.raises(ValueError, match="temperature above 0 and a smoothing between 0 and 1"):
        fitted.restore(fitted.state() | {"temperature": temperature, "smoothing": smoothing})


def test_a_spline_has_the_six_knots_of_its_paper():
    """Gupta et al. (2021) use six."""
    logits, labels = reference_set()
    default, six = SplineCalibration(), SplineCalibration(knots=6)
    answers = [one.fit(logits, labels).transform(logits) for one in (default, six)]
    np.testing.assert_array_equal(*answers)


def test_cross_validated_losses_are_those_of_a_calibrator_fitted_to_the_other_folds():
    logits, labels = reference_set()
    losses = cross_validated_losses(logits, labels, ["temperature"], folds=4, seed=0)
    folds = interleave_classes(labels, 4, seed=0)
    for fold in range(4):
        rows = folds == fold
        scaling = TemperatureScaling().fit(logits[~rows], labels[~rows])
        own = log_softmax(logits[rows] / scaling.temperature_, axis=1)
        expected = -own[np.arange(rows.sum()), labels[rows]]
        np.testing.assert_allclose(losses["temperature"][rows], expected)


def test_what_is_left_at_a_temperature_without_an_optimum_is_the_gap_of_the_means():
    """All labels have the smaller logit: at T → ∞ the expected logit is 2, that of the label 0."""
    scaling = TemperatureScaling().fit(np.array([[0.0, 4.0]] * 3 + [[4.0, 0.0]]), [0, 0, 0, 1])
    assert scaling.residual_ == pytest.approx(2, rel=1e-3)


def test_beta_calibration_stays_the_identity_where_the_scores_say_nothing():
    labels = np.arange(20) % 2
    beta = BetaCalibration().fit(np.zeros((20, 2)), labels)
    new = np.array([[0.0, 2.0], [0.0, -1.0], [0.0, 0.3]])
    np.testing.assert_allclose(beta.transform(new), softmax(new, axis=1), rtol=1e-6)


def test_a_probability_on_an_edge_is_in_the_bin_below_it():
    """0.25 with half its labels 1 and 0.3 with all of them are one bin of (0.2, 0.3]: 3/4."""
    first = np.repeat([0.25, 0.3], 4)
    logits = np.log(np.stack([1 - first, first], axis=1))
    labels = np.array([0, 0, 1, 1, 1, 1, 1, 1])
    binning = HistogramBinning(n_bins=10).fit(logits, labels)
    np.testing.assert_allclose(binning.transform(logits)[:, 1], 0.75)


@pytest.mark.parametrize("change", [{"weight": [1.0]}, {"bias": [0.0]}, {"unit": 0}, {"unit": -1}])
@pytest.mark.parametrize("name", ["vector", "matrix"])
def test_a_state_of_other_classes_or_without_a_unit_is_refused(name, change):
    fitted = CALIBRATORS[name]().fit(*reference_set())
    with pytest.raises(ValueError, match="Expected weights .* and a positive unit"):
        fitted.restore(fitted.state() | change)


def test_a_calibrator_that_says_nothing_promises_to_keep_no_prediction():
    assert not Calibrator.keeps_predictions

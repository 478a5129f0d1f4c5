"""Every calibrator gives probabilities for every finite input."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from atelier.calibration import CALIBRATORS

LARGE = (0.0, -0.0, 1.0, -1.0, 1e4, -1e4, -730.0, 745.0, 1e-300, 5e-324, 1e300, -1e300, 1.7e308)


@st.composite
def fitting_sets(draw):
    """Logits to fit on, their labels, other logits: of any size, with ties and absent classes."""
    classes, samples = draw(st.integers(2, 4)), draw(st.integers(1, 8))
    precision = draw(st.sampled_from([np.float64, np.float32, np.float16]))
    width = 8 * np.dtype(precision).itemsize
    largest = float(np.finfo(precision).max)
    values = st.one_of(
        st.sampled_from([value for value in LARGE if abs(value) <= largest]),
        st.floats(-40, 40, width=width),
        st.floats(allow_nan=False, allow_infinity=False, width=width),
    )
    logits = arrays.arrays(precision, (samples, classes), elements=values)
    labels = st.lists(st.integers(0, classes - 1), min_size=samples, max_size=samples)
    return draw(logits), np.array(draw(labels)), draw(logits)


def saturated():
    logits = np.array([[0, -730], [0, -720], [0, 0], [0, 5]], float)
    return logits, np.array([0, 1, 1, 1]), np.array([[0.0, -725]])


@pytest.mark.parametrize("calibrator", CALIBRATORS.values(), ids=CALIBRATORS)
@given(fitting_sets())
@example(saturated())
@settings(max_examples=60, deadline=None)
def test_finite_logits_give_finite_probabilities_that_sum_to_one(calibrator, drawn):
    logits, labels, new = drawn
    fitted = calibrator().fit(logits, labels)
    for inputs in (logits, new):
        probs = fitted.transform(inputs)
        assert np.isfinite(probs).all()
        assert ((probs >= 0) & (probs <= 1)).all()
        np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-12)


def test_isotonic_regression_interpolates_between_probabilities_near_0():
    logits, labels, new = saturated()
    share = (np.exp(-725.0) - np.exp(-730.0)) / (np.exp(-720.0) - np.exp(-730.0))
    found = CALIBRATORS["isotonic"]().fit(logits, labels).transform(new)
    np.testing.assert_allclose(found, [[1 - share, share]], rtol=1e-6)


def test_a_row_that_every_class_denies_keeps_its_softmax():
    # each class' lowest bin holds no positives, and the new row lies in all of them
    probs = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    fitted = CALIBRATORS["histogram_binning"](n_bins=2).fit(np.log(probs), np.arange(3))
    new = np.array([[0.4, 0.35, 0.25]])
    np.testing.assert_allclose(fitted.transform(np.log(new)), new)

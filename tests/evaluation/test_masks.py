"""A mask is refused, not dropped."""

import numpy as np
import pytest

from atelier.calibration import CALIBRATORS
from atelier.calibration.density import DensityModel
from atelier.evaluation import (
    BootstrapParams,
    adaptive_calibration_error,
    brier_score,
    class_scores,
    classification_metrics,
    classwise_calibration_error,
    confident_mistakes,
    confusion_matrix,
    debiased_calibration_error,
    detection_metrics,
    expected_calibration_error,
    maximum_calibration_error,
    negative_log_likelihood,
    reliability_bins,
    smooth_calibration_error,
    top_label,
)

MEASURES = [
    adaptive_calibration_error,
    brier_score,
    classwise_calibration_error,
    confusion_matrix,
    debiased_calibration_error,
    expected_calibration_error,
    maximum_calibration_error,
    negative_log_likelihood,
    reliability_bins,
    smooth_calibration_error,
    top_label,
]
PARAMS = BootstrapParams(resamples=20, seed=0)
RNG = np.random.default_rng(0)
PROBS = RNG.dirichlet(np.ones(3), 50)
LABELS = RNG.integers(3, size=50)
REFUSED = "masked values. Received: 1 of {}.* masked; leave these rows out"
USES = {measure.__name__: measure for measure in MEASURES}
USES |= {name: calibrator().fit for name, calibrator in CALIBRATORS.items()}
USES |= {
    "density": DensityModel().fit,
    "classification": lambda logits, labels: classification_metrics(logits, labels, PARAMS),
    "class scores": lambda logits, labels: class_scores(logits, labels, "abc"),
    "mistakes": lambda logits, labels: confident_mistakes(logits, labels, count=3),
}


def masked(values):
    return np.ma.masked_array(values, np.arange(values.size).reshape(values.shape) == 0)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_masked_probabilities_and_labels_are_refused_with_what_to_do(use):
    with pytest.raises(ValueError, match=REFUSED.format(150)):
        use(masked(PROBS), LABELS)
    with pytest.raises(ValueError, match=REFUSED.format(50)):
        use(PROBS, masked(LABELS))


@pytest.mark.parametrize("calibrator", CALIBRATORS.values(), ids=CALIBRATORS)
def test_masked_logits_are_not_transformed(calibrator):
    with pytest.raises(ValueError, match=REFUSED.format(150)):
        calibrator().fit(PROBS, LABELS).transform(masked(PROBS))


def test_masked_outcomes_and_scores_are_refused():
    confidence, outcome = PROBS[:, 0], LABELS > 0
    with pytest.raises(ValueError, match=REFUSED.format(50)):
        expected_calibration_error(masked(confidence), outcome)
    with pytest.raises(ValueError, match="in-distribution scores without " + REFUSED.format(50)):
        detection_metrics(masked(confidence), confidence)
    refused = "out-of-distribution scores without " + REFUSED.format(50)
    with pytest.raises(ValueError, match=refused):
        detection_metrics(confidence, masked(confidence))
    with pytest.raises(ValueError, match=REFUSED.format(150)):
        DensityModel().fit(PROBS, LABELS).log_density(masked(PROBS))


def test_a_masked_array_that_masks_nothing_is_an_array():
    whole = np.ma.masked_array(PROBS)
    assert brier_score(whole, LABELS) == brier_score(PROBS, LABELS)
    assert negative_log_likelihood(whole, LABELS) == negative_log_likelihood(PROBS, LABELS)

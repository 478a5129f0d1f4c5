"""The path of generalized histogram thresholding from minimum error to Otsu's threshold."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from atelier.thresholding.generalized_histogram import ght_from_levels
from atelier.thresholding.grey_levels import count_grey_levels
from atelier.thresholding.otsu import thresholds_from_levels
from atelier.thresholding.params import PriorPathParams
from atelier.types import Array, Metrics


def prior_path(image: Array, params: PriorPathParams) -> pd.DataFrame:
    """Computes the threshold for every strength of the prior on the variances.

    Args:
        image: Grey values of any shape, as :func:`generalized_histogram_threshold` takes them.
        params: The expected standard deviation, and the strengths nu per pixel.

    Returns:
        A row for each strength, rising: ``nu_per_pixel, threshold``.

    Examples:
        >>> import numpy as np
        >>> from atelier.thresholding import PriorPathParams, prior_path
        >>> image = np.array([1, 1, 2, 2, 3, 3, 20, 20, 30, 30, 40, 40, 50, 50])
        >>> params = PriorPathParams(tau=0.01, decades=(-2, 6), steps=3)
        >>> prior_path(image, params).values.tolist()
        [[0.01, 3.0], [100.0, 3.0], [1000000.0, 20.0]]
    """
    levels = count_grey_levels(image)
    span = float(levels.levels[levels.counts > 0][-1]) - float(levels.levels[levels.counts > 0][0])
    strengths = np.logspace(*params.decades, params.steps)
    thresholds = [
        ght_from_levels(levels, nu=strength * levels.counts.sum(), tau=params.tau * span)[0]
        for strength in strengths
    ]
    return pd.DataFrame({"nu_per_pixel": strengths, "threshold": np.array(thresholds, np.float64)})


def criteria_metrics(image: Array, boundaries: Mapping[str, float]) -> Metrics:
    """Returns the thresholds at both ends of the path, and those of mixtures beside them.

    Args:
        image: Grey values of any shape.
        boundaries: Grey value at which the two Gaussians of a mixture are equally probable, by the
            form of its covariances; missing where there is none.
    """
    levels = count_grey_levels(image)
    ends = {
        "minimum_error": float(ght_from_levels(levels)[0]),
        "otsu": float(thresholds_from_levels(levels, 2)[0]),
    }
    return ends | {f"em_{form}": boundary for form, boundary in boundaries.items()}

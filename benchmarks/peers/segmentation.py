"""Otsu's thresholds by scikit-image and OpenCV, and EM by scikit-learn."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

THREADS = 2


def of_skimage(byte: Any, classes: Any, **_: Any) -> dict[str, Callable[[], Any]]:
    """Returns thresholds for several numbers of classes."""
    from skimage.filters import threshold_multiotsu

    return {f"otsu {count}": partial(threshold_multiotsu, byte, int(count)) for count in classes}


def of_opencv(byte: Any, **_: Any) -> dict[str, Callable[[], Any]]:
    """Returns the threshold of an image of 4 × 4 tiles; OpenCV also binarizes."""
    import cv2

    cv2.setNumThreads(THREADS)
    large = np.tile(byte, (4, 4))
    return {"otsu large": lambda: cv2.threshold(large, 0, 255, cv2.THRESH_OTSU)[0]}


def of_sklearn(pixels: Any, start: Any, steps: Any, **_: Any) -> dict[str, Callable[[], Any]]:
    """Returns some iterations of EM, and the means and log-likelihood where it has converged."""
    from sklearn.mixture import GaussianMixture

    mixture = partial(
        GaussianMixture,
        len(start),
        init_params="k-means++",  # the cheap start; only its covariances and weights are taken
        means_init=start,
        random_state=0,
    )

    def iterate() -> Any:
        with warnings.catch_warnings(action="ignore"):  # that it has not converged
            return mixture(tol=0, max_iter=int(steps)).fit(pixels).means_

    def converge() -> Any:
        with warnings.catch_warnings(action="ignore"):
            fitted = mixture(tol=1e-6, max_iter=20 * int(steps)).fit(pixels)
        return np.append(fitted.means_, fitted.score(pixels) * len(pixels))

    return {"em": iterate, "em converged": converge}


PEERS = {"skimage": of_skimage, "cv2": of_opencv, "sklearn": of_sklearn}

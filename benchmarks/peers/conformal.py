"""Prediction sets of MAPIE."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np


def of_mapie(probs: Any, labels: Any, new: Any, level: Any) -> dict[str, Callable[[], Any]]:
    """Returns the fit and the sets of each method."""
    from mapie.classification import SplitConformalClassifier

    def sets(name: str) -> Any:
        classifier = SplitConformalClassifier(
            estimator(probs.shape[1]),
            confidence_level=float(level),
            conformity_score=name,
            prefit=True,
            random_state=0,
        )
        classifier.conformalize(probs, labels)
        options: dict[str, Any] = {}
        if name != "lac":
            options = {"conformity_score_params": {"include_last_label": "randomized"}}
        return classifier.predict_set(new, **options)[1][:, :, 0]

    return {name: partial(sets, name) for name in ("lac", "aps", "raps")}


def estimator(classes: int) -> Any:
    """Returns a classifier whose input are its probabilities."""
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Given(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        classes_ = np.arange(classes)

        def fit(self, _probs: Any, _labels: Any) -> Any:
            return self

        def predict_proba(self, probs: Any) -> Any:
            return probs

        def predict(self, probs: Any) -> Any:
            return probs.argmax(axis=1)

        def __sklearn_is_fitted__(self) -> bool:
            return True

    return Given()


PEERS = {"mapie": of_mapie}

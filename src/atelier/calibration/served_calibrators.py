"""Calibrators as Keras' own operations, in single precision, for the model that is served."""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import layers, ops

from atelier.calibration.base import Calibrator, OneVersusRest
from atelier.calibration.beta import BetaCalibration
from atelier.calibration.dirichlet import LEAST_LOG_PROBABILITY, DirichletCalibration
from atelier.calibration.ensemble import EnsembleTemperatureScaling
from atelier.calibration.scaling import (
    FARTHEST,
    MatrixScaling,
    PlattScaling,
    VectorScaling,
)
from atelier.calibration.structured import StructuredMatrixScaling, StructuredVectorScaling
from atelier.calibration.temperature import TemperatureScaling
from atelier.types import Array

Tensor = Any
FAR = -1e30
"""Stands for a logit of −∞ in single precision."""


def served_probabilities(calibrator: Calibrator, logits: Tensor) -> Tensor:
    """Returns what ``calibrator.transform`` does, by Keras' operations.

    Args:
        calibrator: Fitted, of a type in SERVED.
        logits: Keras tensor, (n, classes).

    Returns:
        Keras tensor of probabilities, (n, classes).

    Raises:
        ValueError: If the calibrator cannot be expressed so.
    """
    if type(calibrator) not in SERVED:
        raise ValueError(
            "Expected a calibrator that consists of Keras' operations, "
            f"{', '.join(kind.__name__ for kind in SERVED)}. "
            f"Received: {type(calibrator).__name__}"
        )
    below = logits - ops.max(logits, axis=-1, keepdims=True)
    return SERVED[type(calibrator)](calibrator, below)


def is_served(kind: type[Calibrator]) -> bool:
    """Returns whether a served model can have a calibrator of this type."""
    return kind in SERVED


def softmax_of(below: Tensor, temperature: float) -> Tensor:
    """Returns softmax(logits / T) of logits less their row's largest."""
    return ops.softmax(_divided(below, temperature), axis=-1)


def _divided(below: Tensor, unit: float) -> Tensor:
    """Returns logits / unit; those too far below the largest for single precision count as FAR."""
    return ops.maximum(below * np.float32(min(1 / unit, 1e37)), FAR)


def _temperature(calibrator: Any, below: Tensor) -> Tensor:
    return softmax_of(below, calibrator.temperature_)


def _ensemble(calibrator: Any, below: Tensor) -> Tensor:
    of_scaled, of_plain, of_uniform = map(float, calibrator.weights_)
    scaled, plain = softmax_of(below, calibrator.temperature_), softmax_of(below, 1.0)
    mixed = of_scaled * scaled + of_plain * plain + of_uniform / calibrator.classes_
    return mixed / ops.sum(mixed, axis=-1, keepdims=True)


def _affine(inputs: Tensor, weight: Array, bias: Array) -> Tensor:
    """Returns softmax(W z + b); W is a matrix or its diagonal."""
    kernel = weight.T if weight.ndim == 2 else np.diag(weight)
    dense = layers.Dense(len(bias), activation="softmax", name="calibrator")
    dense.build((None, len(bias)))
    dense.set_weights([kernel, bias])
    return dense(inputs)


def _in_units(calibrator: Any, below: Tensor) -> Tensor:
    units = ops.maximum(_divided(below, calibrator.unit_), -FARTHEST)
    inputs = units - ops.mean(units, axis=-1, keepdims=True)
    return _affine(inputs, np.asarray(calibrator.state()["weight"]), calibrator.bias_)


def _structured(calibrator: Any, below: Tensor) -> Tensor:
    smoothing = calibrator.smoothing_
    probs = softmax_of(below, calibrator.temperature_)
    inputs = ops.log((1 - smoothing) * probs + smoothing / calibrator.classes_)
    return _affine(inputs, calibrator.weight_, calibrator.bias_)


def _dirichlet(calibrator: Any, below: Tensor) -> Tensor:
    inputs = ops.maximum(ops.log_softmax(below, axis=-1), LEAST_LOG_PROBABILITY)
    return _affine(inputs, calibrator.weight_, calibrator.bias_)


def _log_odds(below: Tensor) -> Tensor:
    """Returns log p / (1 − p) of the softmax, z_k − log Σ_{j≠k} exp z_j, (n, classes)."""
    classes = below.shape[-1]
    others = ops.expand_dims(below, 1) + np.float32(FAR) * np.eye(classes, dtype=np.float32)
    return below - ops.logsumexp(others, axis=-1)


def _platt(calibrator: Any, below: Tensor) -> Tensor:
    odds = _log_odds(below) + float(np.log(calibrator.classes_ - 1))
    maps = _parameters(calibrator, ("unit", "slope", "bias"))
    unit, slope, bias = (
        np.array([one[name] for one in maps]) for name in ("unit", "slope", "bias")
    )
    units = ops.clip(odds * (1 / unit).astype(np.float32), -FARTHEST, FARTHEST)
    raw = ops.sigmoid(units * slope.astype(np.float32) + bias.astype(np.float32))
    return _normalised(calibrator, raw, below)


def _beta(calibrator: Any, below: Tensor) -> Tensor:
    maps = _parameters(calibrator, ("parameters",))
    a, b, c = np.stack([one["parameters"] for one in maps], axis=1).astype(np.float32)
    odds = _log_odds(below)
    limits = LEAST_LOG_PROBABILITY, -LEAST_LOG_PROBABILITY
    log_p = ops.clip(ops.log_sigmoid(odds), *limits)
    log_rest = ops.clip(-ops.log_sigmoid(-odds), *limits)
    return _normalised(calibrator, ops.sigmoid(log_p * a + log_rest * b + c), below)


def _parameters(calibrator: OneVersusRest, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Returns the parameters of each class' map; of two classes the second one's, twice."""
    maps = [{name: fitted.keywords[name] for name in names} for fitted in calibrator.maps_]
    return maps * 2 if calibrator.classes_ == 2 else maps


def _normalised(calibrator: Calibrator, raw: Tensor, below: Tensor) -> Tensor:
    """Returns one-versus-rest probabilities divided by their sum; the softmax where it is 0."""
    if calibrator.classes_ == 2:
        second = raw[:, 1:]
        return ops.concatenate([1 - second, second], axis=-1)
    total = ops.sum(raw, axis=-1, keepdims=True)
    positive = total > 0
    return ops.where(positive, raw / ops.where(positive, total, 1.0), softmax_of(below, 1.0))


SERVED: dict[type[Calibrator], Callable[[Any, Tensor], Tensor]] = {
    TemperatureScaling: _temperature,
    EnsembleTemperatureScaling: _ensemble,
    VectorScaling: _in_units,
    MatrixScaling: _in_units,
    StructuredVectorScaling: _structured,
    StructuredMatrixScaling: _structured,
    DirichletCalibration: _dirichlet,
    PlattScaling: _platt,
    BetaCalibration: _beta,
}
"""The types of calibrators that a served model can have; those that count samples are none."""

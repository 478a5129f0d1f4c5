"""The input of a registered model: whole numbers 0 … 255, checked before they are cast.

A copy of this file is stored with every registered model, where MLflow imports it as
``stored_images``; so it must not import this project. MLflow casts the numbers of a request to the
type in a model's signature without a check (0.5 becomes 0 as uint8, and -1.0 may become 255).
Therefore the signature leaves the type open, and the loader in this file checks the numbers.
"""

from pathlib import Path
from typing import Any

import numpy as np
from mlflow.exceptions import MlflowException

WHITE = 255


class StoredImageModel:
    """A Keras model of uint8 pictures that refuses any other input.

    Args:
        model: Takes (n, height, width, channels) uint8.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    def get_raw_model(self) -> Any:
        """Returns the Keras model itself."""
        return self._model

    def predict(self, data: Any, params: Any = None) -> Any:
        """Returns the model's outputs for pictures.

        Args:
            data: Whole numbers in 0 … 255 of any type, (n, height, width, channels).
            params: Not used; MLflow passes them.

        Raises:
            MlflowException: If the data is anything else; a server then answers 400.
        """
        del params
        return self._model.predict(
            check_stored_images(data, self._model.input_shape[1:]), verbose=0
        )


def _load_pyfunc(path: str) -> StoredImageModel:
    """Returns the model in a folder; called by MLflow."""
    import keras

    model = keras.saving.load_model(Path(path) / "model.keras", compile=False, safe_mode=True)
    return StoredImageModel(model)


def check_stored_images(data: Any, shape: tuple[int | None, ...]) -> Any:
    """Returns pictures as uint8, (n, height, width, channels).

    Args:
        data: An array, or nested lists.
        shape: The expected (height, width, channels); None is any size.

    Raises:
        MlflowException: If the numbers are not whole or not in 0 … 255, if their largest is 1 (as
            in masks, and where pixels were divided by 255 and cast), or if the shape differs.

    Examples:
        >>> check_stored_images([[[[0.0], [255.0]]]], (1, 2, 1)).ravel()
        array([  0, 255], dtype=uint8)
    """
    numbers = _numbers(data)
    if not _fits(numbers.shape[1:], shape) or not len(numbers):
        _refuse(shape, f"the shape {numbers.shape}{_axis_hint(numbers.shape, shape)}")
    wrong = numbers.size - int(np.isfinite(numbers).sum())
    if wrong:
        _refuse(shape, f"{wrong} numbers that are not finite")
    low, high = numbers.min(), numbers.max()
    if low < 0 or high > WHITE:
        _refuse(shape, f"numbers between {low} and {high}")
    if (numbers != np.floor(numbers)).any():
        _refuse(shape, f"fractions, between {low} and {high}{_scale_hint(high)}")
    if high == 1:
        _refuse(shape, f"nothing above 1{_scale_hint(high)}")
    return numbers.astype(np.uint8)


def _numbers(data: Any) -> Any:
    """Returns an array of integers or floats."""
    lists = data.tolist() if isinstance(data, np.ndarray) and data.dtype == object else data
    try:
        numbers = np.asarray(lists)
    except ValueError as error:
        raise MlflowException.invalid_parameter_value(
            f"Expected pictures of one shape. Received: lists of unequal length ({error})"
        ) from error
    if numbers.dtype.kind not in "iuf":
        raise MlflowException.invalid_parameter_value(
            f"Expected pictures of numbers, 0 … {WHITE}. Received: {numbers.dtype} values"
        )
    return numbers


def _refuse(shape: tuple[int | None, ...], received: str) -> None:
    sizes = ", ".join(map(str, shape))
    raise MlflowException.invalid_parameter_value(
        f"Expected pictures as they are stored: whole numbers 0 … {WHITE}, shape (n, {sizes}). "
        f"Received: {received}"
    )


def _scale_hint(high: Any) -> str:
    """Returns advice on numbers that look scaled."""
    if high <= 1:
        return f". Pixels in [0, 1] are to be multiplied by {WHITE} and rounded first"
    return ". Round them first"


def _fits(received: tuple[int, ...], shape: tuple[int | None, ...]) -> bool:
    """Returns whether two shapes agree; None is any size."""
    return len(received) == len(shape) and all(
        expected in {None, size} for size, expected in zip(received, shape, strict=True)
    )


def _axis_hint(received: tuple[int, ...], shape: tuple[int | None, ...]) -> str:
    """Returns which axis is missing, for a single picture or pictures without channels."""
    if _fits(received, shape):
        return ": a single picture is a batch of one"
    if shape[-1] == 1 and _fits(received[1:], shape[:-1]):
        return ": the last axis, of channels, is missing"
    return ""

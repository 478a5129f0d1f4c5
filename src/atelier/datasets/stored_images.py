"""The input of a registered model: whole numbers 0 … 255, or PNG and JPEG files in base64.

A copy of this file is stored with every registered model, where MLflow imports it as
``stored_images``; so it must not import this project. MLflow casts the numbers of a request to the
type in a model's signature without a check (0.5 becomes 0 as uint8, and -1.0 may become 255).
Therefore the signature leaves the type open, and the loader in this file checks the numbers.

A picture becomes an image by the rules by which ``ingest`` reads a user's pictures: upright,
opaque, 8 bit, and padded, cropped or stretched to the model's side.
"""

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from mlflow.exceptions import MlflowException
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError

WHITE, WHITE_OF_16_BITS = 255, 65_535
MOST_PIXELS = 2**25
"""Pixels of an encoded picture, 33 million: up to 400 MB while it is decoded."""
FORMATS = ("PNG", "JPEG")
DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N")
"""Pillow's modes of pictures with 16 bits."""
BATCH = 256
"""Pictures that the model takes at once."""
RULE = {"resize": "pad", "background": "white"}
"""How pictures become images where the model does not say."""


class StoredImageModel:
    """A Keras model of uint8 pictures that refuses any other input.

    Args:
        model: Takes (n, height, width, channels) uint8.
        rule: ``resize`` (pad, crop or stretch) and ``background`` of encoded pictures.
    """

    def __init__(self, model: Any, rule: Mapping[str, str] | None = None) -> None:
        self._model, self._rule = model, RULE | dict(rule or {})

    def get_raw_model(self) -> Any:
        """Returns the Keras model itself."""
        return self._model

    def predict(self, data: Any, params: Any = None) -> Any:
        """Returns the model's outputs for pictures.

        Args:
            data: Whole numbers in 0 … 255 of any type, (n, height, width, channels); or a list or a
                column of PNG or JPEG files in base64.
            params: Not used; MLflow passes them.

        Raises:
            MlflowException: If the data is anything else; a server then answers 400.
        """
        del params
        shape, texts = self._model.input_shape[1:], encoded_texts(data)
        if texts is None:
            images = check_stored_images(data, shape)
        else:
            images = decode_images(texts, shape, self._rule)
        return self._predict(images)

    def _predict(self, images: Any) -> Any:
        """Returns the outputs, without the data pipeline that ``predict`` builds each time."""
        import keras

        batches = np.split(images, range(BATCH, len(images), BATCH))
        outputs = [self._model.predict_on_batch(batch) for batch in batches]
        return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *outputs)


def _load_pyfunc(path: str) -> StoredImageModel:
    """Returns the model in a folder; called by MLflow."""
    import keras
    from mlflow.models import Model

    model = keras.saving.load_model(Path(path) / "model.keras", compile=False, safe_mode=True)
    described = (Model.load(str(Path(path).parent)).metadata or {}).get("input", {})
    return StoredImageModel(model, {name: described[name] for name in RULE if name in described})


def encoded_texts(data: Any) -> list[str] | None:
    """Returns the texts of a list, an array or the single column of a table; None of numbers.

    Examples:
        >>> encoded_texts(np.array(["aGk="])), encoded_texts([[[1]]])
        (['aGk='], None)
    """
    values = data.to_numpy() if hasattr(data, "to_numpy") else data
    if isinstance(values, np.ndarray):
        values = values.squeeze(axis=1) if values.ndim == 2 and values.shape[1] == 1 else values
        values = values.tolist() if values.ndim == 1 else None
    if not isinstance(values, list) or not any(isinstance(value, str) for value in values):
        return None
    wrong = [type(value).__name__ for value in values if not isinstance(value, str)]
    if wrong:
        raise MlflowException.invalid_parameter_value(
            f"Expected pictures as texts in base64, one each. Received: {wrong[0]} among them"
        )
    return values


def decode_images(
    texts: list[str], shape: tuple[int | None, ...], rule: Mapping[str, str] | None = None
) -> Any:
    """Returns pictures as images of a shape, (n, height, width, channels) uint8.

    Args:
        texts: PNG or JPEG files in base64; ``data:image/png;base64,`` may stand before.
        shape: Height, width and channels, 1 or 3.
        rule: ``resize`` and ``background``.

    Returns:
        The images in the order of the texts.

    Raises:
        MlflowException: If a text is no base64, or no whole picture; the message has its number.
    """
    rule = RULE | dict(rule or {})
    return np.stack([_decode(text, i, shape, rule) for i, text in enumerate(texts, start=1)])


def _decode(text: str, number: int, shape: tuple[Any, ...], rule: Mapping[str, str]) -> Any:
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except ValueError as error:
        _refuse_picture(number, f"{error} in {text[:16]!r} …")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                _refuse_picture(number, f"{opened.width * opened.height:,} pixels; too many")
            opened.load()
            ImageOps.exif_transpose(opened, in_place=True)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = "another format" if isinstance(error, UnidentifiedImageError) else error
        _refuse_picture(number, f"{reason}, {len(content)} bytes that begin with {content[:8]!r}")
    return _fit(_plain(opened, rule["background"]), number, shape, rule)


def _refuse_picture(number: int, received: str) -> NoReturn:
    raise MlflowException.invalid_parameter_value(
        f"Expected pictures of PNG or JPEG in base64. Received: in picture {number}, {received}"
    )


def _plain(image: Image.Image, background: str) -> Image.Image:
    """Returns a picture without alpha in 8 bits, grey or RGB."""
    if image.mode in DEEP_MODES:
        grey = np.rint(np.asarray(image, np.float64) * (WHITE / WHITE_OF_16_BITS))
        return Image.fromarray(grey.clip(0, WHITE).astype(np.uint8))
    if image.has_transparency_data:
        straight = image.convert("LA") if image.mode == "La" else image
        behind = Image.new("RGBA", image.size, background)
        return Image.alpha_composite(behind, straight.convert("RGBA")).convert("RGB")
    return image.convert("L" if image.mode in {"1", "L"} else "RGB")


def _fit(image: Image.Image, number: int, shape: tuple[Any, ...], rule: Mapping[str, str]) -> Any:
    """Returns a picture as an array of the model's shape."""
    height, width, channels = shape
    image = image.convert("L") if channels == 1 else image
    if image.size != (width, height):
        if height != width:
            _refuse_picture(
                number, f"{image.height}×{image.width} pixels; the model takes {height}×{width}"
            )
        image = _resize(image, (width, height), rule)
    mode = "L" if channels == 1 else "RGB"
    return np.asarray(image.convert(mode), np.uint8).reshape(shape)


def _resize(image: Image.Image, size: tuple[int, int], rule: Mapping[str, str]) -> Image.Image:
    filtering = Image.Resampling.BICUBIC
    if rule["resize"] == "stretch":
        return image.resize(size, filtering)
    if rule["resize"] == "crop":
        return ImageOps.fit(image, size, filtering)
    grey = ImageColor.getcolor(rule["background"], "L")
    colour = ImageColor.getrgb(rule["background"])[:3]
    if image.mode == "L" and len(set(colour)) > 1:
        image = image.convert("RGB")
    return ImageOps.pad(image, size, filtering, color=grey if image.mode == "L" else colour)


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
    try:
        of_objects = isinstance(data, np.ndarray) and data.dtype.kind == "O"
        numbers = _of_objects(data) if of_objects else np.asarray(data)
    except ValueError as error:
        raise MlflowException.invalid_parameter_value(
            f"Expected pictures of one shape. Received: lists of unequal length ({error})"
        ) from error
    if numbers.dtype.kind not in "iuf":
        raise MlflowException.invalid_parameter_value(
            f"Expected pictures of numbers, 0 … {WHITE}. Received: {numbers.dtype} values"
        )
    return numbers


def _of_objects(data: Any) -> Any:
    """Returns an array of Python's numbers as one of NumPy's."""
    if bool in set(map(type, data.flat)):  # NumPy would take them for 0 and 1
        raise MlflowException.invalid_parameter_value(
            f"Expected pictures of numbers, 0 … {WHITE}. Received: bool values"
        )
    flat = np.asarray(data.ravel().tolist())  # nested lists take far longer
    return flat.reshape(data.shape + flat.shape[1:])


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

"""Fitted calibrators as records of JSON, and as files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError

from atelier.calibration.base import Calibrator
from atelier.calibration.calibrators import CALIBRATORS
from atelier.params import Params
from atelier.storage.atomic_write import atomic_path

FORMAT: Literal["atelier.calibrator.1"] = "atelier.calibrator.1"


class CalibratorRecord(Params):
    """A fitted calibrator as numbers and lists."""

    format: Literal["atelier.calibrator.1"]
    calibrator: Annotated[str, Field(description="its name in CALIBRATORS")]
    classes: Annotated[int, Field(ge=2, le=2**20)]
    class_names: tuple[str, ...] | None = None
    state: dict[str, Any]


def calibrator_record(
    calibrator: Calibrator, *, class_names: tuple[str, ...] | None = None
) -> dict[str, Any]:
    """Returns a fitted calibrator as a record of numbers and lists, for JSON.

    Args:
        calibrator: A fitted calibrator of a type in CALIBRATORS.
        class_names: Names of the classes, for people who read the file.

    Raises:
        ValueError: If it is not fitted, or of another type.
    """
    names = {kind: name for name, kind in CALIBRATORS.items()}
    if type(calibrator) not in names or not calibrator.classes_:
        raise ValueError(
            f"Expected a fitted calibrator, one of {', '.join(CALIBRATORS)}. "
            f"Received: {type(calibrator).__name__} of {calibrator.classes_} classes"
        )
    record = CalibratorRecord(
        format=FORMAT,
        calibrator=names[type(calibrator)],
        classes=calibrator.classes_,
        class_names=class_names,
        state=_plain(calibrator.state()),
    )
    return record.model_dump(mode="json")


def calibrator_from_record(record: Mapping[str, Any]) -> Calibrator:
    """Returns the fitted calibrator of a :func:`calibrator_record`.

    Raises:
        ValueError: If the record is not one of a calibrator of this project.
    """
    try:
        checked = CalibratorRecord.model_validate(record)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
        raise ValueError(
            f"Expected a record of a calibrator, {FORMAT}. Received: a wrong or missing {fields}"
        ) from None
    if checked.calibrator not in CALIBRATORS:
        raise ValueError(
            f"Expected a calibrator out of {', '.join(CALIBRATORS)}. "
            f"Received: {checked.calibrator!r}"
        )
    calibrator = CALIBRATORS[checked.calibrator]()
    calibrator.classes_ = checked.classes
    try:
        calibrator.restore(checked.state)
        probs = calibrator.transform(np.zeros((1, checked.classes)))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ValueError(
            f"Expected the state of {checked.calibrator} of {checked.classes} classes. "
            f"Received: another one ({error})"
        ) from error
    if probs.shape != (1, checked.classes) or not np.isfinite(probs).all():
        raise ValueError(f"Expected finite numbers in the state. Received: {probs.tolist()}")
    return calibrator


def save_calibrator(
    path: str | Path, calibrator: Calibrator, *, class_names: tuple[str, ...] | None = None
) -> None:
    """Writes a fitted calibrator as JSON; the file appears whole or not at all.

    Args:
        path: The file.
        calibrator: A fitted calibrator of a type in CALIBRATORS.
        class_names: Names of the classes, for people who read the file.

    Raises:
        ValueError: If the calibrator is not fitted, or of another type.
    """
    record = calibrator_record(calibrator, class_names=class_names)
    with atomic_path(Path(path)) as partial:
        partial.write_text(json.dumps(record, allow_nan=False), encoding="utf-8")


def load_calibrator(path: str | Path) -> Calibrator:
    """Reads a calibrator that :func:`save_calibrator` or the calibration pipeline saved.

    Nothing in the file is run: it is JSON. A file of the same calibrator gives the same digits.

    Args:
        path: The file.

    Raises:
        ValueError: If the file is damaged or no calibrator; the message begins with its path.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> from atelier.calibration import TemperatureScaling, save_calibrator
        >>> logits, labels = np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0])
        >>> path = Path(tempfile.mkdtemp()) / "calibrator.json"
        >>> save_calibrator(path, TemperatureScaling().fit(logits, labels))
        >>> load_calibrator(path).transform(logits)[0].round(4).tolist()
        [0.25, 0.75]
    """
    try:
        record = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path}: Expected the JSON of a calibrator. Received: {error}. Is the file whole?"
        ) from error
    try:
        return calibrator_from_record(record)
    except ValueError as error:
        raise ValueError(f"{path}: {error}. Is it a calibrator's file, and whole?") from error


def _plain(value: Any) -> Any:
    """Returns arrays as lists and NumPy's numbers as Python's."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value

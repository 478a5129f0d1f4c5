"""The names that people give to the parts of a data set, and an order of file names."""

import re
from collections.abc import Iterable

PART_NAMES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "calibration": "calibration",
    "calib": "calibration",
    "test": "test",
    "testing": "test",
    "t10k": "test",
}
"""The split that a word in the name of a folder, file or array stands for."""


def part_of(name: str) -> str | None:
    """Returns the split that a name stands for, or None.

    Examples:
        >>> part_of("t10k-images-idx3-ubyte.gz"), part_of("x_train"), part_of("digits.csv")
        ('test', 'train', None)
    """
    words = re.split(r"[^a-z0-9]+", name.lower())
    return next((PART_NAMES[word] for word in words if word in PART_NAMES), None)


def is_part(folder: str) -> bool:
    """Tells whether a folder is called as a part is, such as ``train`` or ``Testing``."""
    return folder.lower() in PART_NAMES


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Returns a key that sorts numbers in names by their value, and before letters.

    Examples:
        >>> sorted(["10.png", "9.png", "b.png"], key=natural_key)
        ['9.png', '10.png', 'b.png']
    """
    pieces = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(x), "") if x.isdecimal() else (1, 0, x) for x in pieces)


def sorted_classes(labels: Iterable[object]) -> tuple[str, ...]:
    """Returns the names of classes in the order of their labels: numbers by value, then texts.

    Examples:
        >>> sorted_classes([10, 9, 9]), sorted_classes(["dog", "cat"])
        (('9', '10'), ('cat', 'dog'))
    """
    return tuple(sorted({str(label) for label in labels}, key=natural_key))

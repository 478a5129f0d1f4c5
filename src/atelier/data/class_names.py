"""The names of classes as a text."""

import json
from collections.abc import Sequence


def classes_tag(classes: Sequence[str]) -> str:
    """Returns the names of classes as a tag: separated by spaces, as JSON where a name has some.

    Examples:
        >>> classes_tag(["0", "1"]), classes_tag(["cat", "wild cat"])
        ('0 1', '["cat", "wild cat"]')
    """
    if any(len(name.split()) != 1 for name in classes):
        return json.dumps(list(classes), ensure_ascii=False)
    return " ".join(classes)


def tag_classes(tag: str) -> tuple[str, ...]:
    """Returns the names of classes from their tag.

    Examples:
        >>> tag_classes("0 1"), tag_classes('["cat", "wild cat"]')
        (('0', '1'), ('cat', 'wild cat'))
    """
    return tuple(json.loads(tag)) if tag.startswith('["') else tuple(tag.split())

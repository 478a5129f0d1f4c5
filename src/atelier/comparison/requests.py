"""What the user asks to be compared, as the text of a parameter."""

import re

from atelier.comparison.records import LABELS

RUN_ID = re.compile(r"[0-9a-f]{4,32}")


def parse_run_ids(text: str) -> tuple[str, ...]:
    """Returns the ids of ``runs=ID1+ID2``, each whole or shortened to its first digits.

    Raises:
        ValueError: If there are fewer than two ids or more than ten, one is no id, or one is
            given twice.

    Examples:
        >>> parse_run_ids("1a2b3c4d+5e6f7a8b")
        ('1a2b3c4d', '5e6f7a8b')
    """
    ids = tuple(part.strip().lower() for part in text.split("+"))
    wrong = [name for name in ids if not RUN_ID.fullmatch(name)]
    if wrong:
        raise ValueError(
            "Expected run ids of 4 to 32 hexadecimal digits, joined by +, such as "
            f"runs=1a2b3c4d+5e6f7a8b. Received: '{wrong[0]}' in '{text}'"
        )
    if not 2 <= len(ids) <= len(LABELS):
        raise ValueError(
            f"Expected 2 to {len(LABELS)} run ids joined by +, such as runs=1a2b3c4d+5e6f7a8b. "
            f"Received: {len(ids)}, '{text}'"
        )
    if len(set(ids)) < len(ids):
        raise ValueError(f"Expected different runs. Received: one of them twice, '{text}'")
    return ids

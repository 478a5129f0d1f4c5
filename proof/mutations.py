"""Random changes to bytes and to trees of JSON, from a generator that decides all of them."""

import copy
import json
import random
import struct
from collections.abc import Callable, Sequence
from typing import Any

SIZES = (0, 1, 2, 127, 128, 255, 256, 32_767, 65_535, 65_536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
"""Numbers at which headers, counters and products overflow."""
FORMATS = ("<H", ">H", "<I", ">I", "<Q", ">Q")
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 0.5, -0.0, 1e308, float("nan"), float("inf"), 2**31, 2**63,
    10**30,
    "", "a", "\0", "../../etc/passwd", "1e999", "<script>", "é☃", "a" * 1000, [], [[]], {},
    {"": None},
)  # fmt: skip
"""Values that replace a node of a tree."""
TEXTS = (
    "", ",", "=", ":", "'", '"', "[", "]", "{", "}", "#", "\n", "\r\n", "\0", "\t", " ", "é", "☃",
    "null", "NaN", "inf", "-1", "1e999", "0x7f", "true", "a", "a.b", "${x}", "!!python/object:os",
)  # fmt: skip
"""Pieces of text with a meaning in YAML, CSV or on the command line."""


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    """Returns bytes after one to four random edits; once in sixteen times they stay as they are.

    Args:
        data: A valid file.
        rng: Decides the edits.
    """
    if not rng.randrange(16):
        return data
    edited = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        rng.choice(EDITS)(edited, rng)
    return bytes(edited)


def _position(data: bytearray, rng: random.Random) -> int:
    """Returns a position, half of the time among the first 128 bytes, where headers are."""
    end = min(len(data), 128) if rng.random() < 0.5 else len(data)
    return rng.randrange(end) if end else 0


def _flip_bit(data: bytearray, rng: random.Random) -> None:
    if data:
        data[_position(data, rng)] ^= 1 << rng.randrange(8)


def _replace_byte(data: bytearray, rng: random.Random) -> None:
    if data:
        data[_position(data, rng)] = rng.randrange(256)


def _write_size(data: bytearray, rng: random.Random) -> None:
    form = rng.choice(FORMATS)
    width = struct.calcsize(form)
    number = struct.pack(form, rng.choice(SIZES) % 256**width)
    start = _position(data, rng)
    data[start : start + width] = number


def _truncate(data: bytearray, rng: random.Random) -> None:
    del data[rng.randint(0, len(data)) :]


def _block(data: bytearray, rng: random.Random) -> slice:
    start = _position(data, rng)
    return slice(start, start + rng.choice((1, 2, 4, 8, 16, 64)))


def _delete_block(data: bytearray, rng: random.Random) -> None:
    del data[_block(data, rng)]


def _repeat_block(data: bytearray, rng: random.Random) -> None:
    block = _block(data, rng)
    data[block.start : block.start] = data[block] * rng.choice((1, 2, 16))


def _swap_blocks(data: bytearray, rng: random.Random) -> None:
    first, second = sorted((_position(data, rng), _position(data, rng)))
    width = min(rng.choice((1, 2, 4, 8)), second - first, len(data) - second)
    one, other = data[first : first + width], data[second : second + width]
    data[first : first + width], data[second : second + width] = other, one


def _append(data: bytearray, rng: random.Random) -> None:
    data += rng.randbytes(rng.choice((1, 4, 64)))


EDITS: Sequence[Callable[[bytearray, random.Random], None]] = (
    _flip_bit, _flip_bit, _replace_byte, _write_size, _write_size, _truncate, _delete_block,
    _repeat_block, _swap_blocks, _append,
)  # fmt: skip


def mutate_text(text: str, rng: random.Random) -> str:
    """Returns a text after one to four insertions, deletions or swaps of pieces."""
    for _ in range(rng.randint(1, 4)):
        start = rng.randint(0, len(text))
        end = min(len(text), start + rng.choice((0, 0, 1, 4, 16)))
        text = text[:start] + rng.choice(TEXTS) + text[end:]
    return text


def mutate_tree(tree: Any, rng: random.Random) -> Any:
    """Returns a copy of a tree of dictionaries and lists with one to three nodes changed."""
    changed = copy.deepcopy(tree)
    for _ in range(rng.randint(1, 3)):
        nodes = list(_nodes(changed))
        if not nodes:
            break
        _change_node(*rng.choice(nodes), nodes, rng)
    return changed


def _nodes(tree: Any) -> list[tuple[Any, Any]]:
    """Returns every node but the root as its parent and its key."""
    keys: Any = range(len(tree)) if isinstance(tree, list) else tree
    found = []
    for key in keys if isinstance(tree, dict | list) else ():
        found += [(tree, key), *_nodes(tree[key])]
    return found


def _change_node(parent: Any, key: Any, nodes: list[tuple[Any, Any]], rng: random.Random) -> None:
    action = rng.randrange(4)
    if action == 0:
        del parent[key]
    elif action == 1:
        other_parent, other_key = rng.choice(nodes)
        parent[key] = copy.deepcopy(other_parent[other_key])
    elif action == 2 and isinstance(parent, dict):
        parent[rng.choice(TEXTS)] = parent.pop(key)
    else:
        parent[key] = copy.deepcopy(rng.choice(ODD_VALUES))


def mutate_json(text: str, rng: random.Random) -> bytes:
    """Returns JSON with changed nodes, or once in four times with changed bytes."""
    if rng.random() < 0.25:
        return mutate_bytes(text.encode(), rng)
    return json.dumps(mutate_tree(json.loads(text), rng)).encode()

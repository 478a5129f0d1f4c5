"""The commands in README and in docs, and what they name."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w*)[^\n]*\n(?P<body>.*?)^(?P=indent)```", re.M | re.S
)
INLINE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
PROGRAMS = {"kedro", "make", "python", "python3"}
SHELLS = {"console", "bash", "sh", "shell"}
ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
OPERATORS = {"&&", "||", ";", "|", "&", ">", ">>", "<"}
PLACEHOLDER = re.compile(r"…|\.\.\.|\$|^[A-Z][A-Z_0-9]*$|^<.*>$")
"""A word that a reader replaces: `…`, `NAME`, a variable of the shell."""


class Command(NamedTuple):
    """A command of a page.

    Attributes:
        page: The file.
        text: As it is written.
        words: Split as a shell does, with variables of the page replaced.
    """

    page: Path
    text: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page.name}: {self.text}"


def commands(page: Path) -> Iterator[Command]:
    """Yields the commands of a page: those of its blocks and those in its sentences."""
    text = page.read_text("utf-8")
    variables: dict[str, str] = {}
    for line in shell_lines(text):
        for words in split_commands(line):
            variables |= dict(word.split("=", 1) for word in words if is_only_assignments(words))
            expanded = tuple(expand(word, variables) for word in words)
            if named := program(expanded):
                yield Command(page, line, named)
    for found in INLINE.findall(FENCE.sub("", text)):
        line = " ".join(found.split())
        if line.split(" ")[0] in PROGRAMS and " " in line:
            yield from (Command(page, line, words) for words in split_commands(line))


def shell_lines(text: str) -> Iterator[str]:
    """Yields the lines of a shell in the blocks of a page; those that go on are joined."""
    for found in FENCE.finditer(text):
        if found["kind"] not in SHELLS:
            continue
        body = found["body"].replace("\\\n", " ")
        prompts = [line.strip()[2:] for line in body.splitlines() if line.strip().startswith("$ ")]
        yield from prompts or [line.strip() for line in body.splitlines() if line.strip()]


def split_commands(line: str) -> list[tuple[str, ...]]:
    """Splits a line into its commands.

    Raises:
        ValueError: If a quotation is not closed.
    """
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if word in OPERATORS:
            found.append([])
        else:
            found[-1].append(word)
    return [tuple(words) for words in found if words]


def program(words: tuple[str, ...]) -> tuple[str, ...]:
    """Returns a command without what stands before its program; nothing where that is not ours."""
    rest = list(words)
    while rest and ASSIGNMENT.match(rest[0]):
        rest.pop(0)
    return tuple(rest) if rest and rest[0].rpartition("/")[2] in PROGRAMS else ()


def is_only_assignments(words: tuple[str, ...]) -> bool:
    return all(ASSIGNMENT.match(word) for word in words)


def expand(word: str, variables: dict[str, str]) -> str:
    return re.sub(r"\$\{?(\w+)\}?", lambda found: variables.get(found[1], found[0]), word)


def is_placeholder(word: str) -> bool:
    return bool(PLACEHOLDER.search(word))

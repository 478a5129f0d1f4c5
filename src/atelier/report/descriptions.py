"""Descriptions of runs in Markdown, as MLflow shows them on a run's page."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from atelier.report.cards import Card, describe_value
from atelier.report.values import Value

LIMIT = 8000
"""MLflow's limit for a description, in characters."""
LONGEST_COMMAND = 1500
LONGEST_ERROR = 2000
MOST_NAMES = 12
"""Longer lists of datasets are cut."""
SPACE = "&emsp;"
_SIGNED = re.compile(r"\n*<!-- atelier ([0-9a-f]{12}) -->\s*$")


@dataclass(frozen=True)
class RunLink:
    """A text and the address that it leads to; without an address only the text."""

    text: str
    address: str = ""


@dataclass(frozen=True)
class RunFacts:
    """What is known of an experiment's run when it ends.

    Attributes:
        card: The experiment's question, and the numbers and the figure of this run.
        command: The command that repeats the run.
        duration: The time of its own nodes.
        peak_memory: The largest memory of the process meanwhile.
        picture: The address of the main figure; empty if the run made none.
        data: The data that it was computed from, each with the run that made the data.
        inputs: Earlier runs, which wrote what this one read.
        models: The model versions that it registered.
        code: The commit of the source code.
        parent: The run of the command.
        made: The names of the datasets that it saved.
        stopped: What stopped it; empty for a run that has finished.
        error: The error that stopped it, without secrets.
    """

    card: Card
    command: str
    duration: str = ""
    peak_memory: str = ""
    picture: str = ""
    data: tuple[RunLink, ...] = ()
    inputs: tuple[RunLink, ...] = ()
    models: tuple[RunLink, ...] = ()
    code: str = ""
    parent: RunLink | None = None
    made: tuple[str, ...] = ()
    stopped: str = ""
    error: str = ""


@dataclass(frozen=True)
class ChildRun:
    """An experiment's run as its parent lists it."""

    name: RunLink
    status: str
    duration: str
    headline: Value | None = None


@dataclass(frozen=True)
class SessionFacts:
    """What is known of a command's run when it ends; see :class:`RunFacts`."""

    command: str
    children: tuple[ChildRun, ...] = ()
    duration: str = ""
    peak_memory: str = ""
    stopped: str = ""
    error: str = ""


def describe_run(facts: RunFacts) -> str:
    """Returns the description of an experiment's run.

    Args:
        facts: Question, numbers, figure, command, and the runs and models that it belongs to.
    """
    card = facts.card
    numbers = _measures_table(card.measures) if len(card.measures) > 1 else ""
    return _join(
        f"**{_escape(card.question)}**" if card.question else "",
        _describe_stop(facts.stopped, facts.error),
        _headline(card.headline) if card.headline else _describe_made(facts.made),
        _picture(facts),
        numbers,
        _code(facts.command, LONGEST_COMMAND),
        _facts_list(facts),
    )


def describe_session(facts: SessionFacts) -> str:
    """Returns the description of a command's run: a table of its experiments' runs.

    Args:
        facts: The command, the runs below it, and what stopped it.
    """
    usage = _usage("Time", facts.duration, facts.peak_memory)
    blocks = [
        _describe_stop(facts.stopped, facts.error),
        f"{summarize_children(facts.children)}.",
        _code(facts.command, LONGEST_COMMAND),
        "\n".join(f"- {text}" for text in usage if text),
    ]
    room = LIMIT - len(_join(*blocks)) - 200
    table = _children_table(facts.children, room) if facts.children else ""
    return _join(*blocks[:2], table, *blocks[2:])


def describe_killed(command: str, reason: str) -> str:
    """Returns the description of a run whose process ended before it could describe the run.

    Args:
        command: The command that repeats the run.
        reason: Why the run did not finish.
    """
    return _join(_describe_stop(f"Killed: {reason}", ""), _code(command, LONGEST_COMMAND))


def summarize_children(children: Sequence[ChildRun]) -> str:
    """Returns how many experiments ran and how many of them have finished.

    Examples:
        >>> summarize_children([ChildRun(RunLink("sweep"), "FINISHED", "2.0 s")])
        '1 experiment'
    """
    finished = sum(child.status == "FINISHED" for child in children)
    total = f"{len(children)} experiment{'' if len(children) == 1 else 's'}"
    return total if finished == len(children) else f"{finished} of {total} finished"


def sign(text: str) -> str:
    """Returns a description with a mark by which :func:`is_signed` knows it; pages do not show it.

    Args:
        text: Cut to MLflow's limit.
    """
    text = _cut(text.rstrip(), LIMIT - 40)
    return f"{text}\n\n<!-- atelier {_digest(text)} -->"


def is_signed(text: str) -> bool:
    """Returns whether a description is as :func:`sign` returned it, and so not written by a person.

    Examples:
        >>> is_signed(sign("Accuracy 98 %"))
        True
        >>> is_signed(sign("Accuracy 98 %").replace("98", "99"))
        False
    """
    mark = _SIGNED.search(text)
    return mark is not None and mark[1] == _digest(text[: mark.start()])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _join(*blocks: str) -> str:
    return "\n\n".join(filter(None, blocks))


def _escape(text: str) -> str:
    """Returns a text in which no character is taken for markup."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 2].rstrip()} …"


def _code(text: str, limit: int) -> str:
    """Returns a block of code; its fence is longer than any row of backticks in it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{_cut(text, limit)}\n{fence}" if text else ""


def _link(link: RunLink) -> str:
    return f"[{_escape(link.text)}]({link.address})" if link.address else _escape(link.text)


def _headline(value: Value) -> str:
    interval = f", 95 % interval {value.interval}" if value.interval else ""
    n = f", n = {value.n}" if value.n else ""
    return f"**{_escape(describe_value(value))}**{interval}{n}"


def _describe_stop(stopped: str, error: str) -> str:
    return _join(f"**{_escape(stopped)}**" if stopped else "", _code(error, LONGEST_ERROR))


def _describe_made(names: Sequence[str]) -> str:
    if not names:
        return "It made nothing."
    shown = ", ".join(f"`{name}`" for name in names[:MOST_NAMES])
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"It made {shown}{more}."


def _picture(facts: RunFacts) -> str:
    if not (facts.picture and facts.card.figure):
        return ""
    caption = _escape(facts.card.figure.caption)
    return _join(f"![{caption}]({facts.picture})", f"*{caption}*" if caption else "")


def _measures_table(measures: Sequence[Value]) -> str:
    rows = [[_escape(value.label), value.text, value.interval, value.n] for value in measures]
    return _table(["measured", "value", "95 % interval", "n"], rows)


def _children_table(children: Sequence[ChildRun], room: int) -> str:
    """Returns the table of the runs below a run, with as many rows as there is room for."""
    header = ["experiment", "result", "95 % interval", "n", "time", "status"]
    rows: list[list[str]] = []
    for child in children:
        rows.append(_child_row(child))
        if len(_table(header, rows)) > room:
            rows.pop()
            break
    table = _table(header, rows)
    left = len(children) - len(rows)
    return _join(table, f"… and {left} more." if left else "")


def _child_row(child: ChildRun) -> list[str]:
    value = child.headline
    numbers = [_escape(describe_value(value)), value.interval, value.n] if value else [""] * 3
    return [_link(child.name), *numbers, child.duration, child.status.lower()]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table; MLflow shows it without lines, so a space separates the columns."""
    lines = [f"| {' | '.join(f'{cell}{SPACE}' for cell in cells)} |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|" + " --- |" * len(header), *lines[1:]])


def _facts_list(facts: RunFacts) -> str:
    parents = (facts.parent,) if facts.parent else ()
    named = {"Data": facts.data, "Computed from": facts.inputs, "Model": facts.models}
    links = (named | {"Part of": parents}).items()
    lines = [f"{name}: {', '.join(map(_link, items))}" for name, items in links if items]
    code = f"Code: {_escape(facts.code)}" if facts.code else ""
    texts = [*lines, code, *_usage("Time of its own nodes", facts.duration, facts.peak_memory)]
    return "\n".join(f"- {text}" for text in texts if text)


def _usage(name: str, duration: str, peak_memory: str) -> list[str]:
    memory = f"Largest memory of the process meanwhile: {peak_memory}" if peak_memory else ""
    return [f"{name}: {duration}" if duration else "", memory]

"""Tables of results in Markdown, and whether a command stands below them."""

import re

NUMBER = re.compile(r"^[*_~<>≤≥≈+−\-–\s\[(]*\.?\d")
LETTERS_OF_A_UNIT = 8
COMMAND = re.compile(r"^ *```(?:console|bash|sh)|(?<!`)`(?:kedro run|python3?|make) ?[^`]*`", re.M)
HEADING = re.compile(r"#{1,6} ")


def tables(text: str) -> list[tuple[list[list[str]], str]]:
    """The tables of a page: the cells of their rows, and what follows up to the next heading."""
    found, lines, index = [], without_code(text).splitlines(), 0
    original = text.splitlines()
    while index < len(lines):
        end = index
        while end < len(lines) and lines[end].lstrip().startswith("|"):
            end += 1
        if end - index >= 3:
            rows = [cells(line) for line in lines[index + 2 : end]]
            headings = (at for at in range(end, len(lines)) if HEADING.match(lines[at]))
            below = "\n".join(original[end : next(headings, len(lines))])
            found.append((rows, below))
        index = max(end, index + 1)
    return found


def without_code(text: str) -> str:
    """The text with the lines of its code blocks left empty."""
    inside, lines = False, []
    for line in text.splitlines():
        fence = line.lstrip().startswith("```")
        lines.append("" if inside or fence else line)
        inside ^= fence
    return "\n".join(lines)


def cells(line: str) -> list[str]:
    """The cells of a row; bars in code and escaped ones divide nothing."""
    line = re.sub(r"`[^`]*`", lambda code: code[0].replace("|", "¦"), line.strip())
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]


def holds_results(rows: list[list[str]]) -> bool:
    """Whether at least two columns hold a number in at least half of their filled cells."""
    columns = list(zip(*(row for row in rows if len(row) == len(rows[0])), strict=True))
    return sum(map(is_numeric, columns)) >= 2


def is_numeric(column: tuple[str, ...]) -> bool:
    filled = [without_links(cell) for cell in column if cell]
    numbers = sum(is_number(cell) for cell in filled)
    return bool(filled) and 2 * numbers >= len(filled)


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with unit and interval, and no sentence that begins with one."""
    letters = sum(map(str.isalpha, re.sub(r"\([^)]*\)|\[[^\]]*\]", "", cell)))
    return bool(NUMBER.match(cell)) and letters <= LETTERS_OF_A_UNIT


def without_links(cell: str) -> str:
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell)


def has_command(below: str) -> bool:
    return bool(COMMAND.search(below))

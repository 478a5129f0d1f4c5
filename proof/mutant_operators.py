"""Finds the mutants of a source file: small changes of its text, each of which is a wrong program.

The operators are those of Offutt et al. (1996) that fit Python: comparisons, arithmetic and logical
operators are swapped, numbers move by one, conditions are negated, unary operators and statements
are removed, results become None, `break` and `continue` are swapped. Annotations, decorators,
messages of errors and formatted strings stay as they are: no number depends on them.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

COMPARISONS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",),
    "!=": ("==",), "in": ("not in",), "not in": ("in",), "is": ("is not",), "is not": ("is",),
}  # fmt: skip
COMPARISON_NAMES = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.In: "in", ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip
ARITHMETIC = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "*"), ast.Pow: ("**", "*"), ast.MatMult: ("@", "*"),
    ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.BitXor: ("^", "&"),
    ast.LShift: ("<<", ">>"), ast.RShift: (">>", "<<"),
}  # fmt: skip
COMPOUND = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)
UNCHANGED_FIELDS = {"annotation", "returns", "decorator_list", "type_params"}


class Mutant(NamedTuple):
    """A change of a file.

    Attributes:
        file: The source file.
        line: Number of the first line that changes.
        original: The text of the lines that change, with single spaces.
        changed: What stands there instead.
        number: Counts mutants of a file that have the same two texts.
        start: First byte that is replaced.
        end: The byte behind.
        replacement: The new bytes.
        reach: Lines of which a test must run one to notice; empty for code outside functions.
    """

    file: Path
    line: int
    original: str
    changed: str
    number: int
    start: int
    end: int
    replacement: bytes
    reach: range

    def source(self) -> bytes:
        """Returns the file's content with the change."""
        content = self.file.read_bytes()
        return content[: self.start] + self.replacement + content[self.end :]


class Change(NamedTuple):
    """A replacement of some bytes, and the lines that must run to notice it."""

    start: int
    end: int
    replacement: bytes
    reach: range


def mutants(file: Path) -> list[Mutant]:
    r"""Returns all mutants of a file, in the order of its text.

    Examples:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "sign.py")
        >>> _ = file.write_text("def is_positive(x: float) -> bool:\n    return x > 0\n")
        >>> [mutant.changed for mutant in mutants(file)]
        ['return None', 'return x >= 0', 'return x <= 0', 'return x > 1', 'return x > -1']
    """
    content = file.read_bytes()
    seen: Counter[tuple[str, str]] = Counter()
    described = []
    changes = {change[:3]: change for change in _Finder(content).changes()}
    for change in sorted(changes.values(), key=lambda change: change.start):
        original, changed = _changed_lines(content, change)
        number = seen[original, changed]
        seen[original, changed] += 1
        line = content.count(b"\n", 0, change.start) + 1
        described.append(Mutant(file, line, original, changed, number, *change))
    return described


def _changed_lines(content: bytes, change: Change) -> tuple[str, str]:
    """Returns the lines of a change, before and after it, each as one line."""
    first = content.rfind(b"\n", 0, change.start) + 1
    last = content.find(b"\n", change.end)
    last = len(content) if last == -1 else last
    after = content[first : change.start] + change.replacement + content[change.end : last]
    before = content[first:last]
    return " ".join(before.decode().split()), " ".join(after.decode().split())


class _Finder:
    """Walks through the syntax tree of a file."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._starts = [0]
        for line in content.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def changes(self) -> Iterator[Change]:
        """Yields all changes."""
        yield from self._below(ast.parse(self._content), range(0))

    def _below(self, node: ast.AST, reach: range) -> Iterator[Change]:
        for name, value in ast.iter_fields(node):
            if name in UNCHANGED_FIELDS:
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from self._at(child, reach)

    def _at(self, node: ast.AST, reach: range) -> Iterator[Change]:
        """Yields the changes of a node and of what it contains."""
        if isinstance(node, ast.JoinedStr) or _is_only_for_types(node):
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inside = range(node.body[0].lineno, _last_line(node) + 1)
            yield from self._at(node.args, inside)  # defaults count when the function runs
            for statement in node.body:
                yield from self._at(statement, inside)
            return
        if isinstance(node, ast.stmt) and reach:
            reach = _lines_of(node)
        yield from self._of_expression(node, reach)
        yield from self._of_statement(node, reach)
        if not isinstance(node, ast.Raise):
            yield from self._below(node, reach)

    def _of_expression(self, node: ast.AST, reach: range) -> Iterator[Change]:
        """Yields the changes of operators and constants."""
        match node:
            case ast.Compare():
                yield from self._comparisons(node, reach)
            case ast.BinOp():
                old, new = ARITHMETIC[type(node.op)]
                yield self._between(node.left, node.right, old, new, reach)
            case ast.BoolOp():
                old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
                for left, right in pairwise(node.values):
                    yield self._between(left, right, old, new, reach)
            case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert()):
                start = self._span(node)[0]
                length = len("not") if isinstance(node.op, ast.Not) else 1
                yield Change(start, start + length, b"", reach)
            case ast.Constant(value=bool()):
                yield self._instead(node, str(not node.value), reach)
            case ast.Constant(value=int() | float() as value):
                for other in (value + 1, value - 1):
                    if other != value:  # as for 1e300
                        yield self._instead(node, repr(other), reach)
            case ast.comprehension():
                for condition in node.ifs:
                    yield from self._negated(condition, reach)

    def _of_statement(self, node: ast.AST, reach: range) -> Iterator[Change]:
        """Yields the changes of conditions, results and the order of execution."""
        match node:
            case ast.AugAssign():
                old, new = ARITHMETIC[type(node.op)]
                yield self._between(node.target, node.value, f"{old}=", f"{new}=", reach)
                yield self._instead(node, "pass", reach)
            case ast.If() | ast.While() | ast.IfExp():
                yield from self._negated(node.test, reach)
            case ast.Return(value=ast.expr() as result) if not _is_none(result):
                yield self._instead(result, "None", reach)
            case (
                ast.Raise()
                | ast.Expr(value=ast.Call())
                | ast.Assign(targets=[ast.Subscript() | ast.Attribute()])
            ):
                yield self._instead(node, "pass", reach)
            case ast.Break():
                yield self._instead(node, "continue", reach)
            case ast.Continue():
                yield self._instead(node, "break", reach)

    def _comparisons(self, node: ast.Compare, reach: range) -> Iterator[Change]:
        operands = [node.left, *node.comparators]
        for (left, right), operator in zip(pairwise(operands), node.ops, strict=True):
            old = COMPARISON_NAMES[type(operator)]
            for new in COMPARISONS[old]:
                yield self._between(left, right, old, new, reach)

    def _between(self, left: ast.expr, right: ast.expr, old: str, new: str, reach: range) -> Change:
        """Replaces the operator between two operands; comments there do not occur."""
        start, end = self._span(left)[1], self._span(right)[0]
        found = self._content.index(old.encode(), start, end)
        return Change(found, found + len(old), new.encode(), reach)

    def _negated(self, test: ast.expr, reach: range) -> Iterator[Change]:
        """Yields the negated condition, unless a change of its operator is the same."""
        is_comparison = isinstance(test, ast.Compare) and len(test.ops) == 1
        if not is_comparison and not isinstance(test, ast.UnaryOp):
            yield self._instead(test, f"not ({ast.unparse(test)})", reach)

    def _instead(self, node: ast.expr | ast.stmt, text: str, reach: range) -> Change:
        return Change(*self._span(node), text.encode(), reach)

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        first = self._starts[node.lineno - 1] + node.col_offset
        return first, self._starts[_last_line(node) - 1] + (node.end_col_offset or 0)


def _last_line(node: ast.expr | ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _lines_of(statement: ast.stmt) -> range:
    """Returns the lines of a statement; of one with a body those of its head."""
    if isinstance(statement, COMPOUND):
        first = statement.cases[0].pattern if isinstance(statement, ast.Match) else None
        body = first or statement.body[0]  # type: ignore[union-attr]
        return range(statement.lineno, max(body.lineno, statement.lineno + 1))
    return range(statement.lineno, _last_line(statement) + 1)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")

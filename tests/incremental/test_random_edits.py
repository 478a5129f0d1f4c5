"""Any series of edits leads to the outputs of a full run, by the nodes that the edits concern."""

import os
import random

import pytest
from support.small_project import ORDER

READS = {
    "clean": ["numbers"],
    "scale": ["cleaned"],
    "total": ["scaled"],
    "halve": ["cleaned"],
    "list_halves": ["cleaned"],  # by the data in memory
    "count": ["words"],
    "read_notes": [],
    "extra": ["cleaned"],
}
"""What each node reads, at first or second hand where the first is not stored."""
MAKES = {
    "cleaned": ["clean"],
    "scaled": ["scale"],
    "total": ["total"],
    "halves_list": ["halve", "list_halves"],
    "counts": ["count"],
    "notes": ["read_notes"],
    "extra": ["extra"],
}
TOGETHER = {"halve", "list_halves"}
EDITS = 55
"""In each of the series."""


class Editor:
    """Changes a project at random, and tells which nodes a change concerns by itself."""

    def __init__(self, project, seed: int) -> None:
        self.project, self.random = project, random.Random(seed)

    def edit(self) -> set[str]:
        kinds = [name for name in dir(self) if name.startswith("edit_")]
        return set(getattr(self, self.random.choice(kinds))())

    def _number(self) -> int:
        return self.random.randrange(10**9)

    def edit_comments(self):
        self.project.change(comment=self._number(), docstring=self._number())
        return ()

    def edit_unused_code(self):
        self.project.change(unused=self._number(), unused_neighbour=self._number())
        return ()

    def edit_constant(self):
        return self._change("factor", self.random.randrange(4), "scale")

    def edit_function(self):
        ways = ["number * FACTOR", "FACTOR * number", "number + FACTOR", "number * FACTOR + 0"]
        return self._change("product", self.random.choice(ways), "scale")

    def edit_limit(self):
        return self._change("limit", self.random.choice([2, 100, 101, 1000]), "clean")

    def edit_rate(self):
        return self._change("rate", self.random.choice([0.5, 0.5001, 0.25, 3]), "total")

    def edit_separator(self):
        return self._change("separator", self.random.choice([" ", "a", "b"]), "count")

    def edit_numbers(self):
        numbers = tuple(self.random.randrange(300) for _ in range(self.random.randrange(4)))
        self.project.change(numbers=numbers)
        return ()  # their bytes tell

    def edit_words(self):
        self.project.change(words=" ".join(self.random.choices("abc", k=3)))
        return ()

    def edit_notes(self):
        notes = tuple(self.random.choices(["first", "second"], k=self.random.randrange(4)))
        return self._change("notes", notes, "read_notes")

    def edit_name(self):
        node, names = self.random.choice(ORDER), dict(self.project.state.names)
        names[node] = f"{node}_{self._number()}"
        self.project.change(names=names)
        return {node}

    def edit_extra_node(self):
        present = self.project.state.extra
        self.project.change(extra=not present)
        if present:  # a new one begins anew
            (self.project.data / "extra.json").unlink()
        return ()  # its missing output tells

    def edit_output(self):
        path = self._output()
        path.write_text(path.read_text() + " ")
        return MAKES[path.stem]

    def edit_presence(self):
        path = self._output()
        path.unlink()
        return MAKES[path.stem]

    def edit_times(self):
        seconds = self._number()
        os.utime(self._output(), (seconds, seconds))
        os.utime(self.project.data / "numbers.json", (seconds, seconds))
        return ()

    def edit_whole_output_back(self):
        path = self._output()
        path.write_bytes(path.read_bytes())
        return ()

    def edit_nothing(self):
        return ()

    def _change(self, name: str, value, node: str):
        same = getattr(self.project.state, name) == value
        self.project.change(**{name: value})
        return () if same else {node}

    def _output(self):
        stored = sorted(self.project.outputs())
        return self.project.data / f"{self.random.choice(stored)}.json"


def expected_nodes(concerned, before, after, present) -> set[str]:
    """The nodes that an edit concerns, whose inputs have other bytes, or whose output is new."""
    changed = {name for name in after if before.get(name) != after[name]}
    ran = concerned & present
    ran |= {node for node in present if changed & set(READS[node])}
    ran |= {node for name in after if name not in before for node in MAKES.get(name, ())}
    return ran | (TOGETHER if ran & TOGETHER else set())


def contents(project) -> dict[str, bytes]:
    """The raw data and the outputs."""
    raw = [project.data / "numbers.json", project.data / "words.txt"]
    return {path.stem: path.read_bytes() for path in raw} | project.outputs()


@pytest.mark.parametrize("seed", range(4))
def test_outputs_are_those_of_a_full_run_after_any_edit(project, tmp_path, seed):
    editor = Editor(project, seed)
    project.run()
    before = contents(project)
    for edit in range(EDITS):
        concerned = editor.edit()
        calls = project.run()
        after = contents(project)
        assert project.outputs() == project.outputs_of_full_run(tmp_path / f"full-{edit}")
        present = set(ORDER) | ({"extra"} if project.state.extra else set())
        original = {name: node for node, name in project.state.names.items()}
        ran = {original.get(name, name) for name in calls.ran}
        assert ran == expected_nodes(concerned, before, after, present), (edit, calls.reasons)
        before = after

"""A tiny Kedro project whose code, parameters and data tests change, in a folder of its own.

Its nodes, and what each depends on::

    numbers.json ── clean ── cleaned.json ── scale ── scaled.json ── total ── total.json
                                  └── halve ══ halves (in memory) ══ list_halves ── halves.json
    words.txt ───── count ── counts.json
    notes/*.txt ─── read_notes ── notes.json        (a folder that a parameter names)

``scale`` uses ``arithmetic.scale``, which uses ``constants.FACTOR``.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from kedro.framework.hooks import hook_impl
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.json import JSONDataset
from kedro_datasets.text import TextDataset

from atelier.incremental import Configuration, IncrementalRunner

PACKAGE = "small_project_code"
STORED = ("cleaned", "scaled", "total", "halves_list", "counts", "notes")
ORDER = ("clean", "count", "halve", "list_halves", "read_notes", "scale", "total")


@dataclass(frozen=True)
class State:
    """What the project is made from; a test changes one thing after the other."""

    factor: int = 2
    product: str = "number * FACTOR"
    limit: int = 100
    rate: float = 0.5
    separator: str = " "
    numbers: tuple[int, ...] = (3, 1, 2, 200)
    words: str = "a b a"
    notes: tuple[str, ...] = ("first", "second")
    comment: int = 0
    docstring: int = 0
    unused: int = 0
    unused_neighbour: int = 0
    names: dict[str, str] = field(default_factory=dict)
    extra: bool = False

    def changed(self, **changes) -> "State":
        return replace(self, **changes)


NODES = '''"""Nodes, text {docstring}."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from {package} import arithmetic
from {package}.texts import split

if TYPE_CHECKING:
    from {package} import unused

logger = logging.getLogger(__name__)  # comment {comment}


def clean(numbers, limit):
    """Cleans, text {docstring}."""
    return [number for number in numbers if number <= limit]


def scale(cleaned):
    # comment {comment}
    return [arithmetic.scale(number) for number in cleaned]


def total(scaled, rate):
    return {{"total": round(sum(scaled) * rate)}}


def halve(cleaned):
    return [number / 2 for number in cleaned]


def list_halves(halves):
    return halves


def count(words, text):
    from {package}.counting import count_words

    return count_words(split(words, text["separator"]))


def read_notes(options):
    return [path.read_text() for path in sorted(Path(options["folder"]).glob("*.txt"))]


def extra(cleaned):
    return len(cleaned)


def tell(counts):
    logger.debug("%s", counts)


def unused_neighbour():
    return {unused_neighbour}
'''
ARITHMETIC = '''"""Arithmetic, text {docstring}."""

from .constants import FACTOR


def scale(number):
    """Scales, text {docstring}."""
    return {product}


def unused_neighbour():
    return {unused_neighbour}
'''
FILES = {
    "__init__.py": "",
    "nodes.py": NODES,
    "arithmetic.py": ARITHMETIC,
    "constants.py": "# comment {comment}\nFACTOR = {factor}\nUNUSED = {unused_neighbour}\n",
    "texts.py": "def split(text, separator):\n    return text.split(separator)\n",
    "counting.py": (
        "from collections import Counter\n\n\n"
        "def count_words(words):\n    return dict(sorted(Counter(words).items()))\n"
    ),
    "unused.py": "VALUE = {unused}\n",
}


class Calls:
    """Notes which nodes ran and which were skipped."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.skipped: list[str] = []
        self.reasons: dict[str, list[str]] = {}

    @hook_impl
    def before_node_run(self, node):
        self.ran.append(node.name)

    @hook_impl
    def after_node_skipped(self, node):
        self.skipped.append(node.name)

    @hook_impl
    def before_node_rerun(self, node, reasons):
        self.reasons[node.name] = list(reasons)


class SmallProject:
    """The project in a folder; its code can be imported where the folder is on ``sys.path``."""

    def __init__(self, folder: Path, state: State | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.configuration = Configuration(records=self.data / ".incremental", root=folder)
        self.state = State()
        self.write(state or State())

    def write(self, state: State) -> None:
        """Writes code and raw data, those files that differ."""
        self.state = state
        values = vars(state) | {"package": PACKAGE}
        for name, text in FILES.items():
            write_if_new(self.folder / PACKAGE / name, text.format(**values))
        write_if_new(self.data / "numbers.json", json.dumps(state.numbers))
        write_if_new(self.data / "words.txt", state.words)
        for index in range(5):
            note = self.folder / "notes" / f"{index}.txt"
            if index < len(state.notes):
                write_if_new(note, state.notes[index])
            else:
                note.unlink(missing_ok=True)

    def change(self, **changes) -> None:
        self.write(self.state.changed(**changes))

    def pipeline(self):
        """The pipeline of the code as it is now in the folder."""
        from kedro.pipeline import Node, Pipeline

        from atelier.incremental import with_reads

        nodes = load_code()
        name = {item: self.state.names.get(item, item) for item in ORDER}
        read_notes = with_reads(nodes.read_notes, lambda options: [options["folder"]])
        listed = [
            Node(nodes.clean, ["numbers", "params:limit"], "cleaned", name=name["clean"]),
            Node(nodes.scale, "cleaned", "scaled", name=name["scale"]),
            Node(nodes.total, ["scaled", "params:rate"], "total", name=name["total"]),
            Node(nodes.halve, "cleaned", "halves", name=name["halve"]),
            Node(nodes.list_halves, "halves", "halves_list", name=name["list_halves"]),
            Node(nodes.count, ["words", "params:text"], "counts", name=name["count"]),
            Node(read_notes, "params:notes", "notes", name=name["read_notes"]),
        ]
        if self.state.extra:
            listed.append(Node(nodes.extra, "cleaned", "extra", name="extra"))
        return Pipeline(listed)

    def catalog(self, data: Path | None = None) -> DataCatalog:
        data = data or self.data
        stored = {
            name: JSONDataset(filepath=(data / f"{name}.json").as_posix())
            for name in ("numbers", *STORED, "extra")
        }
        parameters = {
            "params:limit": self.state.limit,
            "params:rate": self.state.rate,
            "params:text": {"separator": self.state.separator},
            "params:notes": {"folder": str(self.folder / "notes")},
        }
        memory = {name: MemoryDataset(value) for name, value in parameters.items()}
        words = TextDataset(filepath=(data / "words.txt").as_posix())
        return DataCatalog(stored | memory | {"words": words})

    def run(self, pipeline=None, catalog=None, **options) -> Calls:
        """Runs incrementally."""
        calls = Calls()
        manager = _create_hook_manager()
        manager.register(calls)
        runner = IncrementalRunner(configuration=self.configuration, **options)
        runner.run(pipeline or self.pipeline(), catalog or self.catalog(), manager)
        return calls

    def outputs(self) -> dict[str, bytes]:
        return stored_bytes(self.data, self.state)

    def outputs_of_full_run(self, folder: Path) -> dict[str, bytes]:
        """The outputs of a plain run on the same code, parameters and raw data."""
        folder.mkdir(parents=True)
        for name in ("numbers.json", "words.txt"):
            (folder / name).write_bytes((self.data / name).read_bytes())
        SequentialRunner().run(self.pipeline(), self.catalog(folder))
        return stored_bytes(folder, self.state)

    def start(self, script: str, *arguments: str) -> subprocess.Popen:
        """A Python process that can import the project's code."""
        paths = [str(self.folder), str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        return subprocess.Popen(
            [sys.executable, "-B", "-c", script, *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )


def stored_bytes(data: Path, state: State) -> dict[str, bytes]:
    names = (*STORED, "extra") if state.extra else STORED
    paths = {name: data / f"{name}.json" for name in names}
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}


def load_code():
    """The module of the nodes, read again."""
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]
    importlib.invalidate_caches()
    return importlib.import_module(f"{PACKAGE}.nodes")


def write_if_new(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)


def kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()

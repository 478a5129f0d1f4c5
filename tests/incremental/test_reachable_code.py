"""Which edits of a module change the digests of what a function reaches."""

import sys
from types import SimpleNamespace

import pytest

from atelier.incremental.links import CodePart
from atelier.incremental.reachable import CodeGraph
from atelier.incremental.source_tree import SourceTree

PACKAGE = "reached_code"


@pytest.fixture
def code(tmp_path, monkeypatch):
    """Writes modules, and tells which of them a function reaches, with what digests."""
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / PACKAGE
    folder.mkdir()
    (folder / "__init__.py").touch()

    def write(**modules: str) -> None:
        for name, text in modules.items():
            path = folder.joinpath(*name.split("__in__"))
            path.parent.mkdir(exist_ok=True)
            path.with_suffix(".py").write_text(text)

    def reach(name: str = "start", module: str = "nodes"):
        graph = CodeGraph(SourceTree([PACKAGE]))
        reached = graph.reach([CodePart(f"{PACKAGE}.{module}", name)])
        code = {name.removeprefix(f"{PACKAGE}."): digest for name, digest in reached.code.items()}
        return SimpleNamespace(code=code, libraries=reached.libraries)

    return SimpleNamespace(write=write, reach=reach, folder=folder)


def changed(code, module: str, text: str) -> set[str]:
    """The modules whose digests differ after an edit."""
    before = code.reach().code
    code.write(**{module: text})
    after = code.reach().code
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_only_the_functions_that_are_used_count(code):
    code.write(
        nodes=f"from {PACKAGE} import helpers\n\ndef start(x):\n    return helpers.used(x)\n",
        helpers="def used(x):\n    return x\n\ndef other(x):\n    return x\n",
    )
    assert set(code.reach().code) == {"nodes", "helpers"}
    assert not changed(
        code, "helpers", "def used(x):\n    return x\n\ndef other(x):\n    return 2\n"
    )
    assert changed(code, "helpers", "def used(x):\n    return 2\n") == {"helpers"}


@pytest.mark.parametrize(
    "text",
    [
        "def used(x):\n    # a comment\n    return x\n",
        'def used(x):\n    """A docstring."""\n    return (x)\n',
        '"""A docstring."""\n\n\ndef used(x): return x\n',
        "def used(x):\n    return x\n\nif __name__ == '__main__':\n    print(used(1))\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import typing\n"
        "def used(x):\n    return x\n",
    ],
)
def test_texts_and_layout_do_not_count(code, text):
    code.write(
        nodes="from .helpers import used\n\ndef start(x):\n    return used(x)\n",
        helpers="def used(x):\n    return x\n",
    )
    assert not changed(code, "helpers", text)


@pytest.mark.parametrize(
    ("nodes", "reached"),
    [
        ("from . import a\ndef start(): return a.f()", {"a"}),
        ("from .a import f\ndef start(): return f()", {"a"}),
        ("from .a import f as g\ndef start(): return g()", {"a"}),
        (f"import {PACKAGE}.a\ndef start(): return 1", set()),
        (f"def start():\n    import {PACKAGE}.a\n    return 1", {"a"}),
        (f"import {PACKAGE}\ndef start(): return {PACKAGE}.a.f()", {"a"}),
        ("def start():\n    from .a import f\n    return f()", {"a"}),
        (
            "def start():\n    def inner(): return f()\n    from .a import f\n    return inner()",
            {"a"},
        ),
        ("from .a import *\ndef start(): return f()", {"a"}),
        ("from . import a\ndef start(): return getattr(a, 'f')()", {"a"}),
        ("from . import a\nTABLE = {'f': a.f}\ndef start(): return TABLE['f']()", {"a"}),
        ("from . import a\nclass C:\n    x = a.f()\ndef start(): return C().x", {"a"}),
        ("from . import a\ndef start(x=a.f): return x()", {"a"}),
        ("from . import a\ndef start(x: a.f): return x", {"a"}),
        ("from . import a\n@a.f\ndef start(): return 1", {"a"}),
        ("from . import a\ndef start(): return [a for a in range(3)]", set()),
        ("from . import a\ndef start(a): return a.f()", set()),
        ("from . import a\ndef start():\n    def g(a): return a\n    return a.f()", {"a"}),
        ("from . import a\ndef start():\n    global a\n    a = a.f()", {"a"}),
        ("from . import a\ndef start(): return lambda a: a", set()),
        (
            "try:\n    from .a import f\nexcept ImportError:\n    f = None\ndef start(): return f",
            {"a"},
        ),
        ("from . import a\ndef start(): return globals()['a'].f()", {"a"}),
        ("if True:\n    from . import a\ndef start(): return a.f()", {"a"}),
        ("def start(): return 1\ndef other():\n    from .a import f\n", set()),
    ],
)
def test_reached_modules(code, nodes, reached):
    code.write(nodes=nodes, a="def f(): return 1\n")
    assert set(code.reach().code) - {"nodes"} == reached


def test_a_local_name_hides_an_import(code):
    code.write(nodes="from . import a\ndef start(a): return a\n", a="X = 1\n")
    assert not changed(code, "a", "X = 2\n")


def test_what_an_import_executes_counts(code):
    code.write(
        nodes="from .table import TABLE\nfrom . import entries\ndef start(): return TABLE\n",
        table="TABLE = {}\n",
        entries="from .table import TABLE\ndef f(): return 1\nTABLE['f'] = f\n",
    )
    edit = "from .table import TABLE\ndef f(): return 2\nTABLE['f'] = f\n"
    assert changed(code, "entries", edit) == {"entries"}


def test_a_decorator_that_registers_counts(code):
    code.write(
        nodes="from .table import TABLE\nfrom . import entries\ndef start(): return TABLE\n",
        table="TABLE = {}\ndef register(f):\n    TABLE[f.__name__] = f\n    return f\n",
        entries="from .table import register\n@register\ndef f(): return 1\n",
    )
    edit = "from .table import register\n@register\ndef f(): return 2\n"
    assert changed(code, "entries", edit) == {"entries"}


def test_classes_that_are_found_by_their_base_count(code):
    code.write(
        nodes=(
            "from .base import Base\nfrom . import kinds\n"
            "def start(): return Base.__subclasses__()\n"
        ),
        base="class Base:\n    pass\n",
        kinds="from .base import Base\nclass Kind(Base):\n    x = 1\n",
    )
    edit = "from .base import Base\nclass Kind(Base):\n    x = 2\n"
    assert changed(code, "kinds", edit) == {"kinds"}


def test_another_target_of_an_import_counts(code):
    code.write(
        nodes="from .a import f, g\nfrom .middle import h\ndef start(): return f(), g(), h()\n",
        a="def f(): return 1\ndef g(): return 2\n",
        middle="from .a import f as h\n",
    )
    assert changed(code, "middle", "from .a import g as h\n") == {"middle"}


@pytest.mark.parametrize(
    "init",
    [
        "import lazy_loader\n__getattr__, __dir__, __all__ = "
        "lazy_loader.attach(__name__, {'b'}, {'a': ['f']})\n",
        "import lazy_loader\n__getattr__, __dir__, __all__ = "
        "lazy_loader.attach_stub(__name__, __file__)\n",
    ],
)
def test_lazy_packages_are_followed(code, init):
    code.write(
        nodes="from . import room\ndef start(): return room.f()\n",
        room__in__a="def f(): return 1\n",
        room__in__b="def g(): return 1\n",
    )
    (code.folder / "room" / "__init__.py").write_text(init)
    (code.folder / "room" / "__init__.pyi").write_text("from . import b as b\nfrom .a import f\n")
    assert set(code.reach().code) == {"nodes", "room.a"}
    code.write(nodes="from . import room\ndef start(): return room.b.g()\n")
    assert set(code.reach().code) == {"nodes", "room.b"}
    code.write(nodes="from . import room\ndef start(): return room\n")
    assert {"room.a", "room.b"} <= set(code.reach().code)


def test_a_package_with_its_own_getattr_counts_whole(code):
    code.write(
        nodes="from . import room\ndef start(): return room.f()\n",
        room__in____init__="def __getattr__(name): ...\n",
        room__in__a="def f(): return 1\n",
    )
    assert {"room", "room.a"} <= set(code.reach().code)


def test_libraries_are_those_that_are_used(code):
    code.write(
        nodes=(
            "import json\nimport numpy as np\nimport pandas\nfrom . import a\n"
            "def start(): return np.sum(a.f(json))\n"
        ),
        a="def f(x):\n    from sklearn.base import clone\n    return clone(x)\n",
    )
    assert code.reach().libraries == {"numpy", "sklearn"}


def test_a_template_beside_the_module_counts(code):
    code.write(nodes="def start(load): return load('page.html.j2')\ndef other(): return 'b.txt'\n")
    for name in ("page.html.j2", "b.txt"):
        (code.folder / name).write_text("one")
    before = code.reach().code
    (code.folder / "b.txt").write_text("two")
    assert code.reach().code == before
    (code.folder / "page.html.j2").write_text("two")
    assert code.reach().code != before


def test_modules_that_cannot_be_parsed_count_by_their_bytes(code):
    code.write(nodes="from . import a\ndef start(): return a.f()\n", a="def f(:\n")
    assert changed(code, "a", "def f(::\n") == {"a"}


def test_a_circle_of_imports_ends(code):
    code.write(
        nodes="from .a import x\ndef start(): return x\n",
        a="from .b import x\n",
        b="from .a import x\n",
    )
    assert set(code.reach().code) == {"nodes", "a", "b"}


def test_the_code_is_not_imported(code):
    code.write(nodes="raise ZeroDivisionError\ndef start(): return 1\n")
    assert set(code.reach().code) == {"nodes"}
    assert f"{PACKAGE}.nodes" not in sys.modules


def test_an_import_inside_a_function_executes_the_whole_module(code):
    code.write(
        nodes=(
            "from .table import TABLE\n"
            f"def start():\n    import {PACKAGE}.entries as entries\n    return TABLE\n"
        ),
        table="TABLE = {}\n",
        entries="from .table import TABLE\ndef f(): return 1\nTABLE['f'] = f\n",
    )
    edit = "from .table import TABLE\ndef f(): return 2\nTABLE['f'] = f\n"
    assert changed(code, "entries", edit) == {"entries"}


@pytest.mark.parametrize(
    ("cache", "counts"),
    [
        ("def cache(f):\n    TABLE[f.__name__] = f\n    return f", True),
        ("from functools import cache", False),
    ],
)
def test_a_decorator_of_a_librarys_name_counts_where_it_is_the_modules_own(code, cache, counts):
    text = "from .table import TABLE\n{}\n@cache\ndef f(): return {}\n"
    code.write(
        nodes="from .table import TABLE\nfrom . import entries\ndef start(): return TABLE\n",
        table="TABLE = {}\n",
        entries=text.format(cache, 1),
    )
    assert changed(code, "entries", text.format(cache, 2)) == ({"entries"} if counts else set())


def test_a_function_that_is_defined_in_a_branch_counts(code):
    text = "try:\n    def used(x): return {}\nexcept NameError as error:\n    pass\n"
    code.write(
        nodes="from .helpers import used\n\ndef start(x):\n    return used(x)\n",
        helpers=text.format(1),
    )
    assert changed(code, "helpers", text.format(2)) == {"helpers"}


def test_a_module_that_is_no_package_is_followed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "reached_file.py"
    digests = set()
    for number in (1, 2):
        file.write_text(f"def start(): return {number}\n")
        reached = CodeGraph(SourceTree(["reached_file"])).reach([CodePart("reached_file", "start")])
        assert set(reached.code) == {"reached_file"}
        digests |= set(reached.code.values())
    assert len(digests) == 2

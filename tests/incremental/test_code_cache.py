"""The file with the reached code: it saves the parsing of unchanged sources, and never lies."""

from types import SimpleNamespace

import pytest

from atelier.incremental.code_cache import CodeCache
from atelier.incremental.links import CodePart
from atelier.incremental.reachable import CodeGraph
from atelier.incremental.source_tree import SourceTree

PACKAGE = "cached_code"
ROOT = [CodePart(f"{PACKAGE}.nodes", "start")]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A package with a template, and a file for the cache."""
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / PACKAGE
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "nodes.py").write_text("def start():\n    return open('page.html.j2')\n")
    (folder / "page.html.j2").write_text("<p>")

    def cache() -> CodeCache:
        return CodeCache(SourceTree([PACKAGE]), tmp_path / "cache" / "code.json")

    return SimpleNamespace(folder=folder, cache=cache, file=tmp_path / "cache" / "code.json")


@pytest.fixture
def stored(project):
    """What the first run found and wrote."""
    cache = project.cache()
    reached = cache.reach(ROOT)
    cache.save()
    return reached


def test_an_unchanged_source_is_not_followed_again(project, stored, monkeypatch):
    monkeypatch.setattr(CodeGraph, "reach", None)  # whoever calls it fails
    assert project.cache().reach(ROOT) == stored


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nodes.py", "def start():\n    return 2\n"),
        ("page.html.j2", "<h1>"),
    ],
)
def test_after_an_edit_the_code_is_followed_anew(project, stored, name, text):
    (project.folder / name).write_text(text)
    reached = project.cache().reach(ROOT)
    assert reached == CodeGraph(SourceTree([PACKAGE])).reach(ROOT)
    assert reached.code != stored.code


def test_a_new_file_beside_a_module_may_change_what_it_imports(project):
    (project.folder / "nodes.py").write_text(
        f"try:\n    from {PACKAGE} import late\nexcept ImportError:\n    late = None\n\n"
        "def start():\n    return late\n"
    )
    cache = project.cache()
    before = cache.reach(ROOT)
    cache.save()
    (project.folder / "late.py").write_text("VALUE = 1\n")
    after = project.cache().reach(ROOT)
    assert f"{PACKAGE}.late" in after.code.keys() - before.code.keys()


def test_other_parts_are_kept_beside_those_of_an_earlier_run(project, stored, monkeypatch):
    other = [CodePart(f"{PACKAGE}.nodes", "other")]
    again = project.cache()
    added = again.reach(other)
    again.save()
    monkeypatch.setattr(CodeGraph, "reach", None)
    assert [project.cache().reach(parts) for parts in (ROOT, other)] == [stored, added]


@pytest.mark.parametrize("content", [b"", b"{", b'{"sources": 3}', b"\xff\x00"])
def test_a_damaged_file_is_as_none(project, stored, content):
    project.file.write_bytes(content)
    assert project.cache().reach(ROOT) == stored


def test_another_version_of_python_follows_anew(project, stored, monkeypatch):
    monkeypatch.setattr("atelier.incremental.code_cache.python_version", lambda: "9.9")
    followed = []
    monkeypatch.setattr(CodeGraph, "reach", lambda _graph, roots: followed.append(roots) or stored)
    project.cache().reach(ROOT)
    assert followed == [ROOT]


def test_what_was_found_while_a_file_changed_is_not_written(project):
    cache = project.cache()
    (project.folder / "nodes.py").write_text("def start():\n    return 2\n")
    cache.reach(ROOT)
    cache.save()
    assert not project.file.exists()

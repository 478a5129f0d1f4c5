"""The reference: a page for each room, with every public name."""

import importlib

import pytest
from support.project import ROOT
from support.site_pages import Links

ROOMS = sorted(stub.parent.name for stub in ROOT.glob("src/atelier/*/__init__.pyi"))


@pytest.mark.parametrize("room", ROOMS)
def test_the_page_of_a_room_has_every_public_name(site, room):
    anchors = Links(site.folder / "reference" / f"{room}.html").anchors
    names = importlib.import_module(f"atelier.{room}").__all__
    modules = {path.stem for path in (ROOT / "src" / "atelier" / room).iterdir()}
    missing = [
        name for name in names if name not in modules and f"atelier.{room}.{name}" not in anchors
    ]
    assert missing == []


def test_no_role_of_another_markup_is_left(site):
    for room in ROOMS:
        text = (site.folder / "reference" / f"{room}.html").read_text("utf-8")
        assert ":func:" not in text
        assert ":class:" not in text

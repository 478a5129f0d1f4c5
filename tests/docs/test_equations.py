"""Equations of pages and notebooks become MathML."""

import doctest
import importlib
import sys
import xml.etree.ElementTree as ET

import markdown
import pytest
from support.project import ROOT

NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture
def module(monkeypatch):
    """Imports a module of the site's programs."""
    monkeypatch.syspath_prepend(str(ROOT / "documentation"))
    yield importlib.import_module
    for path in (ROOT / "documentation").glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.mark.parametrize("name", ["equations", "reference_pages", "ways"])
def test_the_examples_of_the_sites_programs_give_what_they_say(module, name):
    result = doctest.testmod(module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_a_fraction_has_two_parts(module):
    tree = ET.fromstring(module("equations").mathml(r"\frac{a}{b}"))
    (fraction,) = tree.iter(f"{NAMESPACE}mfrac")
    assert ["".join(part.itertext()) for part in fraction] == ["a", "b"]


def test_an_unknown_command_is_an_error_that_shows_the_equation(module):
    with pytest.raises(ValueError, match=r"Received: \\nosuchcommand"):
        module("equations").mathml(r"\nosuchcommand{x}")


def test_equations_of_a_page_are_rendered_and_code_stays(module):
    text = "Inline $x < y$ and `$HOME`.\n\n$$\nx^2\n$$\n"
    page = markdown.markdown(
        text,
        extensions=["pymdownx.arithmatex"],
        extension_configs={"pymdownx.arithmatex": {"generic": True}},
    )
    rendered = module("equations").render_equations(page)
    assert rendered.count("<math ") == 2
    assert 'class="equation"' in rendered
    assert "<code>$HOME</code>" in rendered
    assert "arithmatex" not in rendered


def test_equations_of_a_notebook_are_rendered_in_its_text_only(module):
    text = "<p>$a$ costs $5 or $6; $$b^2$$ <code>$c$</code></p>"
    page = f'<div class="jp-RenderedMarkdown">{text}</div><pre>$d$</pre>'
    rendered = module("equations").render_notebook_equations(page)
    assert rendered.count("<math ") == 2
    assert "costs $5 or $6;" in rendered
    assert "<code>$c$</code>" in rendered
    assert "<pre>$d$</pre>" in rendered


def test_the_cells_of_a_notebook_lose_the_styles_of_jupyterlab(module):
    cell = '<div class="highlight hl-python"><pre>x = 1</pre></div>'
    page = f'<style>a {{}}</style><div class="jupyter-wrapper">{cell}<style>b {{}}</style></div>'
    cleaned = module("notebook_pages").clean_notebook(page)
    assert "<style>" not in cleaned
    assert "<pre><code>x = 1</code></pre>" in cleaned

"""The built site in headless Chromium: from the disk and from a web server, wide and narrow."""

import json

import pytest
from support.project import ROOT
from support.site_pages import Links, broken_links

HEAVY = {"tensorflow", "keras", "jax", "mlflow", "kedro"}
WIDTHS = (360, 1400)
MISSING = """[...document.images].filter(one => one.complete && !one.naturalWidth)
    .map(one => one.src)"""
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
SEEN = ("index.html", "experiments/calibration.html", "notebooks/calibration.html",
        "reference/calibration.html", "graph/index.html")  # fmt: skip


def watch(page, host: str) -> list[str]:
    """Complaints of a page, as they come: errors, and requests to other hosts."""
    found = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda one: found.append(one.text) if one.type == "error" else None)
    page.on(
        "request",
        lambda one: None if one.url.startswith((host, "data:", "blob:")) else found.append(one.url),
    )
    return found


def test_no_link_leads_nowhere(site):
    pages = {page.resolve(): Links(page) for page in [*site.pages, site.folder / "404.html"]}
    del pages[(site.folder / "404.html").resolve()]  # whose links begin at the server's root
    assert len(pages) > 60
    assert broken_links(pages) == []


def test_the_build_imports_nothing_that_the_project_computes_with(site):
    assert site.modules & HEAVY == set()


def test_no_page_names_an_address_of_the_project_that_a_script_or_a_style_would_fetch(site):
    for page in site.pages:
        text = page.read_text("utf-8")
        for mark in ("fonts.googleapis", "cdnjs.", "unpkg.com", "jsdelivr", "google-analytics"):
            assert mark not in text, page


def test_every_page_fits_in_both_widths_and_themes_and_complains_of_nothing(site, page):
    complaints = watch(page, "file:")
    for path in site.pages:
        page.emulate_media(color_scheme="light")
        page.goto(path.as_uri())
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        bright = page.evaluate(BACKGROUND)
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(f"bright => {BACKGROUND} !== bright", arg=bright)
        assert page.evaluate(MISSING) == [], path
        assert complaints == [], path


@pytest.mark.parametrize("name", SEEN)
def test_pages_from_a_web_server_complain_of_nothing(site_address, page, name):
    complaints = watch(page, site_address)
    page.goto(f"{site_address}/{name}")
    page.locator(".pipeline-node, article h1").first.wait_for(state="attached")
    assert complaints == []


@pytest.mark.parametrize("origin", ["disk", "server"])
def test_search_finds_temperature_scaling(site, site_address, page, origin):
    root = site.folder.as_uri() if origin == "disk" else site_address
    complaints = watch(page, "file:" if origin == "disk" else site_address)
    page.goto(f"{root}/guides/parameters.html")
    page.keyboard.press("/")
    page.keyboard.type("temperature scaling")
    found = page.locator(".md-search-result__link").first
    found.wait_for()
    assert "temperature" in page.locator(".md-search-result__list").inner_text().lower()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/*.html?h=*")
    assert complaints == []


def test_the_keyboard_skips_to_the_content_and_changes_the_theme(site, page):
    page.emulate_media(color_scheme="light")
    page.goto((site.folder / "index.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.classList.contains('md-skip')")
    label = page.locator("label[for=__palette_1]")
    before = page.evaluate(BACKGROUND)
    page.locator("#__palette_0").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"before => {BACKGROUND} !== before", arg=before)
    assert label.get_attribute("title")


@pytest.mark.parametrize("name", ["calibration", "train", "sweep"])
def test_an_experiment_leads_to_its_notebook_its_reference_and_its_graph(site, page, name):
    for kind in ("Notebook", "Reference", "Graph"):
        page.goto((site.folder / "experiments" / f"{name}.html").as_uri())
        page.locator(".ways a", has_text=kind).click()
        assert kind.lower().rstrip("s") in page.url
    assert f"pid={name}" in page.url
    page.locator(".pipeline-node").first.wait_for(state="attached")


def test_the_graph_has_a_link_for_every_pipeline():
    folder = ROOT / "src" / "atelier" / "pipelines"
    written = (ROOT / "docs" / "graph.md").read_text("utf-8")
    for nodes in folder.glob("*/nodes.py"):
        assert f"pid={nodes.parent.name}&" in written


def test_search_knows_every_section_of_the_site(site):
    index = json.loads((site.folder / "search" / "search_index.json").read_text("utf-8"))
    folders = {one["location"].partition("/")[0] for one in index["docs"]}
    assert folders >= {"experiments", "guides", "notebooks", "reference", "numbers", "develop"}


def test_a_plot_of_a_notebook_is_drawn_without_another_host(site, page):
    complaints = watch(page, "file:")
    page.goto((site.folder / "notebooks" / "sweep.html").as_uri())
    page.locator(".plotly-graph-div .main-svg").first.wait_for(state="attached")
    assert complaints == []

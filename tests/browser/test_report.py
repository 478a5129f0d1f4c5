"""The report in headless Chromium: whole, alone, narrow and wide, by keyboard."""

import pytest
from support.patience import PATIENCE


@pytest.fixture(scope="module")
def address(copied):
    copied.run("--pipeline", "report")
    return copied.path("08_reporting", "test", "report.html").as_uri()


def opened(browser, address, **wanted):
    """The page, with what it complained of and what it asked for."""
    page = browser.new_page(**wanted)
    page.set_default_timeout(1000 * PATIENCE)
    page.complaints, page.asked = [], []
    page.on(
        "console", lambda said: page.complaints.append(said.text) if said.type == "error" else 0
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda one: page.asked.append(one.url))
    page.goto(address)
    page.locator(".plot .main-svg").first.wait_for(state="attached")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_it_fits_and_shows_every_picture_and_asks_for_nothing(browser, address, width, scheme):
    page = opened(browser, address, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.wait_for_function("[...document.images].every(one => one.complete && one.naturalWidth)")
    assert page.evaluate("document.images.length") > 40
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.complaints == []
    assert [url for url in page.asked if not url.startswith(("data:", "file:", "blob:"))] == []
    page.close()


def test_every_plot_draws_its_lines(browser, address):
    page = opened(browser, address, viewport={"width": 1400, "height": 900})
    counts = page.evaluate(
        "[...document.querySelectorAll('.plot')].map(one => [one.querySelectorAll('.scatterlayer "
        ".trace').length, one.clientHeight - one.querySelector('.main-svg').clientHeight])"
    )
    assert len(counts) == 2
    assert all(lines >= 2 and cut >= 0 for lines, cut in counts)
    page.close()


def test_links_lead_somewhere_and_runs_are_the_stores(browser, address, copied):
    page = opened(browser, address)
    links = page.evaluate("[...document.links].map(one => one.getAttribute('href'))")
    inside = {link[1:] for link in links if link.startswith("#")}
    assert len(inside) >= 14
    for name in inside:
        assert page.locator(f"[id='{name}']").count() == 1
    known = {run.info.run_id for run in copied.runs()}
    outside = [link for link in links if not link.startswith("#")]
    assert len(outside) >= 14
    assert {link.split("/runs/")[1] for link in outside} <= known
    page.close()


def test_it_can_be_read_by_keyboard_and_by_ear(browser, address):
    page = opened(browser, address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(one => +one.tagName[1])")
    assert levels[0] == 1
    assert set(levels[1:]) == {2}
    assert page.evaluate("document.documentElement.lang") == "en"
    for role in ("banner", "main", "navigation", "contentinfo"):
        assert page.get_by_role(role).count() == 1
    tables = page.evaluate("[...document.querySelectorAll('table')].map(t => !!t.caption)")
    assert all(tables)
    assert page.locator(".scroll").count() > 0
    assert page.locator(".scroll:not([tabindex='0'][aria-label])").count() == 0
    page.close()


def contrast(first: str, second: str) -> float:
    """WCAG 2.2's ratio of two colours as #rrggbb."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_words_stand_out_from_the_paper(browser, address, scheme):
    page = opened(browser, address, color_scheme=scheme)
    colour = "name => getComputedStyle(document.documentElement).getPropertyValue(name).trim()"
    papers = [page.evaluate(colour, name) for name in ("--paper", "--card", "--code")]
    for name in ("--ink", "--soft", "--accent"):
        for paper in papers:
            assert contrast(page.evaluate(colour, name), paper) >= 4.5, (name, paper)
    page.close()


def test_on_paper_it_leaves_out_what_cannot_be_printed(browser, address, tmp_path):
    page = opened(browser, address)
    page.emulate_media(media="print")
    assert page.locator(".plot").first.is_hidden()
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    pages = (tmp_path / "report.pdf").read_bytes().count(b"/Type /Page\n")
    assert pages >= 12
    page.close()

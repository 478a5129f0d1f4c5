"""The page of a comparison in headless Chromium."""

import pytest


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (1400, "dark"), (390, "light")])
def test_the_page_fits_and_shows_intervals_and_figures(page, finished, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(finished.path("08_reporting/test/compare/page.html").as_uri())
    page.get_by_text("calibration/ece_after", exact=True).first.wait_for()
    page.screenshot(path=finished.folder / f"compare_{width}_{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".bar").count() > 0
    assert page.locator("figure img").evaluate_all(
        "images => images.length > 0 && images.every(image => image.naturalWidth > 100)"
    )
    assert not [url for url in requests if not url.startswith(("file:", "data:"))]


def test_pictures_stand_side_by_side_and_below_each_other_on_a_phone(page, finished):
    page.goto(finished.path("08_reporting/test/compare/page.html").as_uri())
    sides = page.locator(".sides").first.locator("> div")
    wide = [sides.nth(index).bounding_box() for index in (0, 1)]
    assert wide[0]["y"] == wide[1]["y"]
    assert wide[0]["x"] + wide[0]["width"] <= wide[1]["x"]
    page.set_viewport_size({"width": 390, "height": 900})
    narrow = [sides.nth(index).bounding_box() for index in (0, 1)]
    assert narrow[0]["y"] + narrow[0]["height"] <= narrow[1]["y"]

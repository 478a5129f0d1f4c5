"""The page of claims in a browser: what its filters, its search and its columns show."""

import json

import pytest
from support.project import ROOT

CLAIMS = json.loads((ROOT / "docs" / "claims.json").read_text("utf-8"))["claims"]
ROWS = "#claims-table tbody tr"


@pytest.fixture
def claims_page(site, page):
    page.goto((site.folder / "claims.html").as_uri())
    page.get_by_placeholder("Search claims").wait_for()
    return page


def shown(page) -> list[str]:
    """The ids of the claims that can be seen, from the top."""
    return page.locator(f"{ROWS}:visible").evaluate_all("rows => rows.map(row => row.id)")


def counted(page) -> str:
    return page.locator(".claims-controls output").inner_text()


def test_every_claim_of_the_ledger_has_a_row(claims_page):
    assert shown(claims_page) == [claim["id"] for claim in CLAIMS]
    assert counted(claims_page) == f"{len(CLAIMS)} of {len(CLAIMS)} claims"


def test_filters_and_words_are_joined(claims_page):
    chosen = [claim["id"] for claim in CLAIMS if claim["verdict"] == "not reproduced"]
    claims_page.get_by_label("All verdicts").select_option("not reproduced")
    assert shown(claims_page) == chosen
    assert counted(claims_page) == f"{len(chosen)} of {len(CLAIMS)} claims"
    claims_page.get_by_label("All experiments").select_option("ingest")
    assert shown(claims_page) == [one for one in chosen if one.startswith("ingest-")]
    claims_page.get_by_placeholder("Search claims").fill("no claim has these words")
    assert shown(claims_page) == []


@pytest.mark.parametrize(("presses", "backwards"), [(1, False), (2, True)])
def test_the_column_n_sorts_by_number_with_empty_ones_last(claims_page, presses, backwards):
    for _ in range(presses):
        claims_page.locator("#claims-table th").get_by_text("n", exact=True).click()
    cells = claims_page.locator(f"{ROWS} td[data-label=n]")
    values = cells.evaluate_all("cells => cells.map(cell => cell.dataset.value)")
    numbers = [float(value) for value in values if value]
    assert numbers == sorted(numbers, reverse=backwards)
    assert values[len(numbers) :] == [""] * (len(values) - len(numbers))


def test_an_address_with_a_claim_opens_its_details(site, page):
    claim = CLAIMS[-1]["id"]
    page.goto(f"{(site.folder / 'claims.html').as_uri()}#{claim}")
    page.locator(f"#{claim} details[open] pre").first.wait_for()


def test_without_scripts_all_rows_are_there(site, browser):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto((site.folder / "claims.html").as_uri())
        assert page.locator(f"{ROWS}:visible").count() == len(CLAIMS)

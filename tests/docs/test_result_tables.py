"""Every table of results in README and on the pages of experiments has its command below it."""

import pytest
from support.project import ROOT
from support.tables import has_command, holds_results, tables

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "experiments").glob("*.md"))]
TABLE = "| method | error | n |\n|---|---|---|\n| A | **0.1** | 10 |\n| B | < 0.2 | 10 |\n"


def lacks_command(text: str) -> bool:
    return any(holds_results(rows) and not has_command(below) for rows, below in tables(text))


@pytest.mark.parametrize(
    "below",
    ["", "Text.\n", "# Next\n\n```console\n$ kedro run\n```\n", "```python\nprint(1)\n```\n"],
)
def test_a_table_of_results_without_a_command_is_found(below):
    assert lacks_command(f"# One\n\n{TABLE}\n{below}")


@pytest.mark.parametrize(
    "below",
    [
        "```console\n$ kedro run --pipeline train\n```\n",
        "Words, then `kedro run --env full\n--pipeline train`.\n",
        "`python benchmarks/otsu.py`, two cores.\n",
        "```console\n# a comment is no heading\n$ kedro run\n```\n",
    ],
)
def test_a_table_of_results_with_a_command_passes(below):
    assert not lacks_command(f"# One\n\n{TABLE}\n{below}")


def test_a_table_with_one_column_of_numbers_holds_no_results():
    assert not lacks_command("| name | value |\n|---|---|\n| rate | 0.1 |\n| size | 8 |\n")


def test_sentences_that_begin_with_a_number_are_no_results():
    row = "| base | 5,000 images of a training set | 47 classes of glyphs, not EMNIST |\n"
    assert not lacks_command(f"| environment | digits | characters |\n|---|---|---|\n{row}{row}")


@pytest.mark.parametrize(
    "cell", ["0.91 (0.88 to 0.94)", "**99.71 %**", "13 min 5 s", "−1.2 [−2, −1]"]
)
def test_a_number_may_have_a_unit_and_an_interval(cell):
    assert lacks_command(f"| a | b |\n|---|---|\n| {cell} | 10,000 images |\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_tables_of_a_page_have_commands(page):
    without = [
        rows[0]
        for rows, below in tables(page.read_text("utf-8"))
        if holds_results(rows) and not has_command(below)
    ]
    assert without == []

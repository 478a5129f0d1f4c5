"""README: its length, its table of experiments, and its example with the output it shows."""

import re
import subprocess
import sys

from support.project import ROOT

from atelier.pipeline_registry import EXPERIMENTS

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def headline_rows() -> list[list[str]]:
    """The cells of each row of the table of experiments."""
    (table,) = re.findall(r"<!-- claims:headlines -->\n(.*?)<!-- /claims -->", README, re.DOTALL)
    lines = [line for line in table.splitlines() if line.startswith("|")]
    rows = [line.strip().strip("|").split("|") for line in lines]
    return [[cell.strip() for cell in row] for row in rows if row[0].strip("- ")][1:]


def test_readme_has_at_most_150_lines():
    assert len(README.splitlines()) <= 150


def test_the_example_has_at_most_ten_lines_and_gives_its_output():
    (code,) = blocks("python")
    assert len(code.splitlines()) <= 10
    following = README.split(code)[1]
    output = re.search(r"```text\n(.*?)```", following, re.DOTALL)[1]
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT / "src")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == output


def test_every_experiment_has_a_row_with_question_number_and_page():
    rows = headline_rows()
    assert all(len(row) == 3 for row in rows)
    pages = [re.search(r"\(docs/experiments/(\w+)\.md\)", row[2])[1] for row in rows]
    assert sorted(pages) == sorted([*EXPERIMENTS, "drift"])
    assert all(row[0].endswith("?") for row in rows)
    assert all(re.search(r"\d", row[1]) for row in rows)


def test_every_link_and_picture_of_readme_is_there():
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", README) + re.findall(r'src="([^"]+)"', README)
    missing = [target for target in targets if not (ROOT / target).exists()]
    assert missing == []

"""CITATION.cff: its shape, and that it says what the project's other files say."""

import re
import tomllib

import yaml
from support.project import ROOT

from atelier import __version__
from atelier.report.claims.ledger import WORKS, read_works

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
KINDS = {"article", "blog", "conference-paper", "generic", "software"}


def test_it_has_what_the_citation_file_format_asks_for():
    assert CITATION["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "abstract", "keywords", "license", "version"} <= set(
        CITATION
    )
    assert CITATION["type"] == "software"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", str(CITATION["date-released"]))


def test_it_agrees_with_the_package():
    assert CITATION["version"] == __version__
    assert CITATION["license"] == PROJECT["license"]
    assert [author["name"] for author in CITATION["authors"]] == [
        a["name"] for a in PROJECT["authors"]
    ]
    assert set(PROJECT["keywords"]) <= set(CITATION["keywords"])


def test_every_reference_is_a_work_of_the_ledger_with_its_identifiers():
    works = {work.title: work for work in read_works(ROOT / WORKS).values()}
    references = {reference["title"]: reference for reference in CITATION["references"]}
    assert set(references) == set(works)
    for title, reference in references.items():
        work = works[title]
        assert reference["type"] == work.kind
        assert reference["type"] in KINDS
        names = [author.get("family-names", author.get("name")) for author in reference["authors"]]
        assert tuple(names) == work.authors
        assert reference.get("year") == work.year
        assert reference.get("url") == work.address
        identifiers = [item["value"] for item in reference.get("identifiers", [])]
        assert identifiers == ([f"arXiv:{work.arxiv}"] if work.arxiv else [])

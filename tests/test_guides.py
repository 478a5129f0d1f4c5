"""The guides on extending the project: their files are complete, and run."""

import re

import pytest
from skimage.data import coins
from skimage.filters import threshold_isodata
from support.project import ROOT

GUIDES = ROOT / "docs" / "guides"
GUIDE = (GUIDES / "add_experiment.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", GUIDE, re.DOTALL))
"""The text of each file of the guide by its path."""


def add_line(path, before: str, line: str) -> None:
    """Adds a line before the first one that begins with the given text."""
    text = path.read_text(encoding="utf-8")
    assert f"\n{before}" in text
    path.write_text(text.replace(f"\n{before}", f"\n{line}\n{before}", 1), encoding="utf-8")


def test_the_experiment_of_the_guide_runs_and_records_its_metrics(fresh):
    for name, text in FILES.items():
        (fresh.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (fresh.folder / name).write_text(text, encoding="utf-8")
    source = fresh.folder / "src" / "atelier"
    add_line(source / "pipeline_registry.py", "    maxout,", "    isodata,")
    (entry,) = re.findall(r"```text\n( +\"isodata\".*)\n```", GUIDE)
    add_line(source / "pipeline_registry.py", '    "maxout"', entry)
    add_line(source / "__init__.pyi", "from . import maxout", "from . import isodata as isodata")
    add_line(source / "__init__.pyi", '    "maxout",', '    "isodata",')

    (command,) = re.findall(r"\$ kedro run (--pipeline isodata.*)", GUIDE)
    fresh.run(*command.split())
    (run,) = fresh.experiments("isodata", "picture")
    image = coins()
    assert run.data.metrics["isodata/pixels"] == image.size
    assert abs(run.data.metrics["isodata/threshold"] - threshold_isodata(image)) < 1


@pytest.mark.parametrize(
    ("guide", "example"),
    [("add_calibrator.md", "prior.py"), ("add_optimizer.md", "sign_descent.py")],
)
def test_a_guide_shows_the_whole_example(guide, example):
    code = (GUIDES / "examples" / example).read_text(encoding="utf-8")
    assert f"```python\n# {example}\n{code}```" in (GUIDES / guide).read_text(encoding="utf-8")

"""The guide on adding an experiment: its files, put into a copy of the project, run."""

import re

from skimage.data import coins
from skimage.filters import threshold_isodata
from support.project import ROOT

GUIDE = (ROOT / "docs" / "guides" / "add_experiment.md").read_text(encoding="utf-8")
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

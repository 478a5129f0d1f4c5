"""The site, built once for the tests that look at it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.patience import PATIENCE
from support.project import ROOT
from support.servers import served_folder
from support.shared import make_once

BUILD = """
import sys
from mkdocs.__main__ import cli
cli(["build", "--strict", "--site-dir", sys.argv[1]], standalone_mode=False)
print("modules", *sys.modules)
"""


class Site:
    """A built site.

    Attributes:
        folder: Where its pages lie.
        modules: What the build imported.
    """

    def __init__(self, folder: Path, output: str) -> None:
        self.folder = folder
        self.modules = set(output.splitlines()[-1].split())

    @property
    def pages(self) -> list[Path]:
        """Its pages but those of Kedro-Viz, and but that of a server for what it does not find."""
        found = sorted(self.folder.rglob("*.html"))
        return [page for page in found if page.parent.name != "graph" and page.name != "404.html"]


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id) -> Site:
    built = make_once(tmp_path_factory, worker_id, "site", build)
    return Site(built / "pages", (built / OUTPUT).read_text("utf-8"))


OUTPUT = "output.txt"


def build(folder: Path) -> None:
    command = [sys.executable, "-c", BUILD, str(folder / "pages")]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (folder / OUTPUT).write_text(built.stdout, "utf-8")


@pytest.fixture(scope="module")
def site_address(site):
    """The address of a web server of the site."""
    with served_folder(site.folder) as address:
        yield address


@pytest.fixture
def page(browser):
    one = browser.new_page(viewport={"width": 1400, "height": 900})
    one.set_default_timeout(1000 * PATIENCE)
    yield one
    one.close()

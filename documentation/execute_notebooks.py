"""Executes the notebooks on the data of a run, and writes small copies with outputs for the site.

``make notebooks`` runs this after ``kedro run`` and the pipelines ``annotation``, ``drift``,
``promote`` and ``compare``. The copies lie in ``docs/notebooks/`` and are committed.
"""

import argparse
import base64
import io
import os
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image, ImageSequence

ROOT = Path(__file__).parents[1]
COPIES = ROOT / "docs" / "notebooks"
WIDEST = 880
"""Pixels of the widest picture in a copy."""
WIDEST_FRAME = 560
COLOURS = 128
PLOTLY = re.compile(r"<script[^>]*>/\*\*\s*\* plotly\.js v.*?</script>", re.DOTALL)
"""The program of plotly in a page; the site has one copy of it beside the notebooks."""
LOG = re.compile(r"\s*<pre style=.*?>(?:INFO|WARNING) *</span>", re.DOTALL)
"""The beginning of log messages, which rich colours."""
EMPTY = re.compile(r"\s*<pre[^>]*>\s*</pre>\s*")


def execute(path: Path, project: Path) -> NotebookNode:
    """Executes a notebook.

    Args:
        path: The notebook.
        project: The folder of the project whose data it reads.

    Returns:
        The notebook with small outputs, without what differs from one execution to the next.
    """
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    source = str(project / "src")
    os.environ["PYTHONPATH"] = source
    folder = {"metadata": {"path": str(project / "notebooks")}}
    NotebookClient(notebook, timeout=None, resources=folder, record_timing=False).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [small for output in cell.outputs for small in _kept(output)]
    notebook.metadata.pop("language_info", None)
    return notebook


def _kept(output: NotebookNode) -> list[NotebookNode]:
    """Returns a list of the output made small; it is empty for warnings and log messages."""
    if output.output_type == "stream":
        return [output] if output.name == "stdout" else []
    data = output.get("data", {})
    if LOG.match(data.get("text/html", "")) or EMPTY.fullmatch(data.get("text/html", "")):
        return []
    if len(data) > 1:
        data.pop("text/plain", None)
    if "image/png" in data:
        data["image/png"] = smaller_picture(data["image/png"])
    if "image/gif" in data:  # which pages of notebooks leave out
        animation = smaller_animation(data.pop("image/gif"))
        data["text/html"] = f'<img alt="animation" src="data:image/gif;base64,{animation}">'
    if "text/html" in data:
        data["text/html"] = PLOTLY.sub('<script src="plotly.min.js"></script>', data["text/html"])
    if "execution_count" in output:
        output.execution_count = None
    return [output] if data else []


def smaller_picture(encoded: str) -> str:
    """Returns a picture, PNG in base64, with a palette and of at most WIDEST pixels."""
    picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
    picture.thumbnail((WIDEST, 10 * WIDEST))
    written = io.BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(written, "png", optimize=True)
    return base64.b64encode(written.getvalue()).decode()


def smaller_animation(encoded: str) -> str:
    """Returns an animation, GIF in base64, with a palette and of at most WIDEST_FRAME pixels."""
    animation = Image.open(io.BytesIO(base64.b64decode(encoded)))
    frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(animation)]
    for frame in frames:
        frame.thumbnail((WIDEST_FRAME, 10 * WIDEST_FRAME))
    first, *others = [frame.quantize(32, dither=Image.Dither.NONE) for frame in frames]
    duration, written = animation.info.get("duration", 500), io.BytesIO()
    first.save(written, "gif", save_all=True, append_images=others, duration=duration, loop=0)
    return base64.b64encode(written.getvalue()).decode()


def main() -> None:
    """Executes the notebooks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="notebooks, without .ipynb; all by default")
    parser.add_argument("--project", type=Path, default=ROOT, help="the folder whose data is read")
    options = parser.parse_args()
    names = options.names or sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    COPIES.mkdir(exist_ok=True)
    for name in names:
        notebook = execute(ROOT / "notebooks" / f"{name}.ipynb", options.project.resolve())
        nbformat.write(notebook, COPIES / f"{name}.ipynb")
        print(name)


if __name__ == "__main__":
    main()

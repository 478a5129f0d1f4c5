"""Links from the page of an experiment to its notebook, its reference and its graph, and back."""

from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
ROOMS = {
    "compare": "comparison",
    "ingest": "data",
    "predict": "prediction",
    "promote": "promotion",
    "train": "training",
}
"""The rooms of the pipelines that have another name."""


def ways(page: str) -> str:
    """Returns links for below the title of a page; nothing for pages that are of no experiment.

    Args:
        page: The address of the page's source, such as `experiments/train.md`.

    Examples:
        >>> ways("experiments/index.md")
        ''
    """
    folder, name = PurePosixPath(page).parent.name, PurePosixPath(page).stem
    if folder not in {"experiments", "notebooks"} or name not in pipelines():
        return ""
    links = {
        "Experiment": _existing(f"experiments/{name}", ".md"),
        "Notebook": _existing(f"notebooks/{name}", ".ipynb"),
        "Reference": _reference(ROOMS.get(name, name)),
        "Graph": f"graph/index.html?pid={name}&amp;expandAllPipelines=true",
    }
    shown = {title: link for title, link in links.items() if link and not _is_of(link, folder)}
    if folder == "notebooks":
        shown["Download (.ipynb)"] = f"notebooks/{name}.ipynb"
    anchors = (f'<a href="../{address}">{title}</a>' for title, address in shown.items())
    return f'<p class="ways">{" ".join(anchors)}</p>'


def pipelines() -> set[str]:
    """Returns the names of the project's pipelines."""
    folder = ROOT / "src" / "atelier" / "pipelines"
    return {nodes.parent.name for nodes in folder.glob("*/nodes.py")}


def _existing(name: str, suffix: str) -> str | None:
    return f"{name}.html" if (ROOT / "docs" / name).with_suffix(suffix).exists() else None


def _reference(room: str) -> str | None:
    has_page = (ROOT / "src" / "atelier" / room / "__init__.pyi").exists()
    return f"reference/{room}.html" if has_page else None


def _is_of(address: str, folder: str) -> bool:
    return address.startswith(f"{folder}/")

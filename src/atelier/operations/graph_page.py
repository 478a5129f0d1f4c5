"""Kedro-Viz' page: how it opens, and its copy that needs no server."""

from __future__ import annotations

import json
import re
from pathlib import Path

import kedro_viz

FOLDER = Path(__file__).parent
KEDRO_VIZ = Path(kedro_viz.__file__).parent / "html"
FONTS = re.compile(r"\s*<link[^>]*https://fonts\.[^>]*>")
SCRIPT = re.compile(r'<script type="module"[^>]*src="\./(?P<path>[^"]+)"[^>]*></script>')


def graph_page() -> str:
    """Returns Kedro-Viz' page from left to right, with larger names and without tips.

    It asks no other host for fonts.
    """
    page = FONTS.sub("", (KEDRO_VIZ / "index.html").read_text(encoding="utf-8"))
    head = (FOLDER / "graph_head.html").read_text(encoding="utf-8")
    return page.replace("</head>", f"{head}</head>")


def write_pages(build: Path) -> None:
    """Makes a folder of ``kedro viz build`` readable from the disk.

    Args:
        build: The folder. Its answers in ``api/`` become scripts, and the program of the page a
            part of the page, since a page from the disk may load neither files nor modules.
    """
    answers = build / "api"
    (answers / "metadata").write_text(_environment(), encoding="utf-8")
    for file in [path for path in answers.rglob("*") if path.is_file() and path.suffix != ".js"]:
        name = file.relative_to(answers).as_posix()
        script = f'answer("{name}", {file.read_text(encoding="utf-8")});\n'
        file.with_name(f"{file.name}.js").write_text(script, encoding="utf-8")
        file.unlink()
    (build / "index.html").write_text(_whole_page(), encoding="utf-8")


def _environment() -> str:
    """Returns what the page asks about its libraries, which ``kedro viz build`` does not write."""
    from kedro_viz.api.rest.utils import get_package_compatibilities

    packages = [package.model_dump() for package in get_package_compatibilities()]
    return json.dumps({"has_missing_dependencies": False, "package_compatibilities": packages})


def _whole_page() -> str:
    """Returns the page with its program inside."""
    page = graph_page().replace(" crossorigin", "")
    files = (FOLDER / "graph_files.js").read_text(encoding="utf-8")
    program = SCRIPT.sub("", page)
    match = SCRIPT.search(page)
    if match is None:
        raise ValueError(
            f"Expected Kedro-Viz' program in {KEDRO_VIZ / 'index.html'}. Received: none"
        )
    bundle = (KEDRO_VIZ / match["path"]).read_text(encoding="utf-8")
    scripts = (
        f'<script>\n{files}</script>\n<script type="module">\n{_embeddable(bundle)}\n</script>\n'
    )
    return program.replace("</head>", f"{scripts}</head>")


def _embeddable(program: str) -> str:
    r"""Returns a program without the marks that would end, or hide, a script in a page.

    Examples:
        >>> print(_embeddable("'</script><!--'"))
        '<\/script><\!--'
    """
    return program.replace("</script", r"<\/script").replace("<!--", r"<\!--")

"""What mkdocs does for this site beside its plugins; named in ``mkdocs.yml``."""

import re
from pathlib import Path

import plotly
from equations import render_equations, render_notebook_equations
from graph_pages import GraphBuild
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from notebook_pages import clean_notebook
from reference_pages import reference_index, reference_page, rooms, title
from ways import ways

ROLE = re.compile(r":(?:func|class|mod|meth|data|attr):(<code)")
"""A role of reStructuredText before a name in a docstring."""
TABLE = re.compile(r"<table(?! class=\"highlighttable\")[^>]*>.*?</table>", re.DOTALL)
GRAPH = GraphBuild()


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Adds the rooms to the navigation, below the page that lists them, and starts the graph."""
    section = next(item["Reference"] for item in config.nav or [] if "Reference" in item)
    section[1:] = [{title(room): f"reference/{room}.md"} for room in rooms()]
    GRAPH.start()
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages of the reference, and the program that plots of notebooks need."""
    pages = {room: reference_page(room) for room in rooms()} | {"index": reference_index()}
    for name, text in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    files.append(File.generated(config, "notebooks/plotly.min.js", abs_src_path=str(script)))
    files.append(File.generated(config, "graph/index.html", content=""))  # to which pages may link
    return files


def on_page_content(html: str, page: Page, **_: object) -> str:
    """Renders equations, and lets wide tables scroll in a box of their own."""
    if page.file.src_uri.endswith(".ipynb"):
        html = render_notebook_equations(clean_notebook(html))
    html = ROLE.sub(r"\1", render_equations(html))
    html = TABLE.sub(r'<div class="table" tabindex="0">\g<0></div>', html)
    return html.replace("</h1>", f"</h1>{ways(page.file.src_uri)}", 1)


def on_post_build(config: MkDocsConfig) -> None:
    """Puts the pages of the graph into the site."""
    GRAPH.write(Path(config.site_dir) / "graph")


def on_build_error(**_: object) -> None:
    """Ends the build of the graph with that of the site."""
    GRAPH.stop()

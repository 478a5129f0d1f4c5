"""The pages of notebooks without what JupyterLab brings: the site has its own style."""

import re

BODY = '<div class="jupyter-wrapper">'
STYLE = re.compile(r"<style\b.*?</style>", re.DOTALL)
CLIPBOARD = re.compile(
    r'<div class="zeroclipboard-container">.*?</clipboard-copy>\s*</div>'
    r'|<div class="clipboard-copy-txt"[^>]*>.*?</div>',
    re.DOTALL,
)
"""JupyterLab's copy button and the text that it copies; the theme has its own."""
CODE = re.compile(r'<div class="highlight[^"]*"><pre>(.*?)</pre></div>', re.DOTALL)


def clean_notebook(page: str) -> str:
    """Returns the HTML of a notebook without JupyterLab's styles and scripts.

    Args:
        page: A page of mkdocs-jupyter: styles and scripts, then the cells.

    Raises:
        ValueError: If the page has no cells.
    """
    _, found, cells = page.partition(BODY)
    if not found:
        raise ValueError("Expected the cells of a notebook. Received: a page without them")
    cells = CLIPBOARD.sub("", STYLE.sub("", cells))
    return BODY + CODE.sub(r'<div class="highlight"><pre><code>\1</code></pre></div>', cells)

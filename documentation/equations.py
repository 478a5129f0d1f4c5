"""Equations as MathML, which browsers show without a script."""

import html
import re

from latex2mathml.converter import convert

LONGEST = 30
"""Letters of an equation within a line that fits on the narrowest page."""
ARITHMATEX = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<latex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL
)
"""An equation as pymdownx.arithmatex leaves it in a page."""
NOTEBOOK_TEXT = re.compile(
    r'(<div class="[^"]*\bjp-RenderedMarkdown\b[^>]*>)(?P<text>.*?)(</div>)', re.DOTALL
)
"""The text of a Markdown cell, in which nbconvert leaves equations between dollars."""
DOLLARS = re.compile(
    r"(?P<code><(?P<tag>code|pre)\b.*?</(?P=tag)>)"
    r"|\$\$(?P<block>.+?)\$\$|(?<![\\$])\$(?P<inline>[^\s$](?:[^$\n]*[^\s$])?)\$",
    re.DOTALL,
)
"""Code, which stays as it is, or an equation between dollars."""


def mathml(latex: str, *, block: bool = False) -> str:
    r"""Returns an equation as MathML.

    Args:
        latex: The equation, without dollars.
        block: Whether it stands on a line of its own.

    Returns:
        A `math` element; that of a block, or a long one, stands in a box that scrolls where it is
        too wide.

    Raises:
        ValueError: If a command is unknown.

    Examples:
        >>> mathml("x^2").partition(">")[2]
        '<mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>'
    """
    element = convert(latex, display="block" if block else "inline")
    if "\\" in element:
        raise ValueError(f"Expected an equation that latex2mathml knows. Received: {latex}")
    if block:
        return f'<div class="equation" tabindex="0">{element}</div>'
    is_long = len(latex) > LONGEST
    return f'<span class="long-equation" tabindex="0">{element}</span>' if is_long else element


def render_equations(page: str) -> str:
    """Returns the HTML of a Markdown page with its equations as MathML."""
    return ARITHMATEX.sub(
        lambda found: mathml(html.unescape(found["latex"]), block=found["tag"] == "div"), page
    )


def render_notebook_equations(page: str) -> str:
    """Returns the HTML of a notebook with the equations of its Markdown cells as MathML."""
    return NOTEBOOK_TEXT.sub(
        lambda cell: cell[1] + DOLLARS.sub(_between_dollars, cell["text"]) + cell[3], page
    )


def _between_dollars(found: re.Match[str]) -> str:
    if found["code"]:
        return found["code"]
    block = found["block"] is not None
    return mathml(html.unescape(found["block"] or found["inline"]), block=block)

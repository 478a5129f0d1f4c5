"""The page: a section for each experiment with results, put into the template."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from atelier.report.cards import Card, build_card
from atelier.report.embedding import animation_address, picture_address
from atelier.report.experiments import CaptionedFigure, Experiment
from atelier.report.results import ClaimSummary, ExperimentResults
from atelier.report.run_records import RunRecord, run_record
from atelier.report.values import table_rows

THUMBNAIL = 480
"""Largest width of a thumbnail in pixels."""


@dataclass(frozen=True)
class Picture:
    """A picture in the page, as a ``data:`` address."""

    address: str
    width: int
    height: int
    caption: str


@dataclass(frozen=True)
class Section:
    """What the template shows of an experiment with results."""

    experiment: Experiment
    card: Card
    record: RunRecord
    texts: list[str]
    tables: list[tuple[str, list[str], list[list[str]]]]
    plots: list[tuple[str, str]]
    pictures: list[Picture]
    animations: list[Picture]
    thumbnail: Picture | None
    claims: Sequence[ClaimSummary] = ()


def build_section(experiment: Experiment, results: ExperimentResults) -> Section | None:
    """Returns an experiment's section of the datasets that exist; None if there are none."""
    data = results.datasets
    if not any(name in data for name in experiment.datasets):
        return None
    card = build_card(experiment, data)
    return Section(
        experiment=experiment,
        card=card,
        record=run_record(experiment, results),
        texts=[_html(data[name]) for name in experiment.texts if name in data],
        tables=[
            (table.caption, list(table.columns.values()), table_rows(table, data[table.of]))
            for table in experiment.tables
            if table.of in data
        ],
        plots=[(plot.caption, _json(figure)) for plot, figure in _existing(experiment.plots, data)],
        pictures=[
            Picture(*picture_address(path), picture.caption)
            for picture, path in _existing(experiment.pictures, data)
        ],
        animations=[
            Picture(*animation_address(path), animation.caption)
            for animation, path in _existing(experiment.animations, data)
        ],
        thumbnail=_thumbnail(card.figure, data[card.figure.of]) if card.figure else None,
        claims=results.claims.get(experiment.pipeline, ()),
    )


def templates(package: str = "atelier.report") -> Environment:
    """Returns the environment of a package's templates, which escapes what it puts into HTML."""
    return Environment(
        loader=PackageLoader(package, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page_style() -> str:
    """Returns the style sheet of the page, for other pages that look like it."""
    template = templates().get_template("page.html.j2")
    return "".join(template.blocks["style"](template.new_context()))


def _existing(
    figures: Sequence[CaptionedFigure], data: Mapping[str, Any]
) -> Iterator[tuple[CaptionedFigure, Any]]:
    return ((figure, data[figure.of]) for figure in figures if figure.of in data)


def _thumbnail(figure: CaptionedFigure, path: Path) -> Picture:
    return Picture(*picture_address(path, width=THUMBNAIL), figure.caption)


def _html(text: str) -> str:
    from markdown_it import MarkdownIt

    return str(MarkdownIt("js-default").render(text))


def _json(figure: Any) -> str:
    figure.update_layout(title=None, autosize=True, width=None, margin={"t": 30, "r": 20})
    return str(figure.to_json()).replace("</", "<\\/")


def render_page(experiments: Sequence[Experiment], results: ExperimentResults) -> str:
    """Returns the whole page as HTML that loads nothing else.

    Args:
        experiments: In the order of their sections.
        results: The datasets, and the run that wrote each of them.
    """
    from plotly.offline import get_plotlyjs

    by_pipeline = {item.pipeline: build_section(item, results) for item in experiments}
    sections = [section for section in by_pipeline.values() if section]
    return (
        templates()
        .get_template("page.html.j2")
        .render(
            results=results,
            sections=sections,
            missing=[item for item in experiments if not by_pipeline[item.pipeline]],
            plotly=get_plotlyjs() if any(section.plots for section in sections) else "",
        )
    )

"""The page: sections out of experiments and a lab, put into the template."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from atelier.report.embedding import animation_address, picture_address
from atelier.report.experiments import Experiment, Shown
from atelier.report.results import ExperimentResults
from atelier.report.run_records import RunRecord, run_record
from atelier.report.values import Value, format_measure, table_rows

THUMBNAIL = 480


@dataclass(frozen=True)
class Picture:
    """A picture in the page."""

    address: str
    width: int
    height: int
    caption: str


@dataclass(frozen=True)
class Section:
    """What the template shows of an experiment that has run."""

    experiment: Experiment
    made: RunRecord
    measures: list[Value]
    texts: list[str]
    tables: list[tuple[str, list[str], list[list[str]]]]
    plots: list[tuple[str, str]]
    pictures: list[Picture]
    animations: list[Picture]
    thumbnail: Picture | None


def build_section(experiment: Experiment, lab: ExperimentResults) -> Section | None:
    """The experiment's section of what is there; ``None`` if nothing is."""
    data = lab.datasets
    if not any(name in data for name in experiment.datasets):
        return None
    pictures = list(_there(experiment.pictures, data))
    return Section(
        experiment=experiment,
        made=run_record(experiment, lab),
        measures=[
            format_measure(one, data[one.of]) for one in experiment.measures if one.of in data
        ],
        texts=[_html(data[name]) for name in experiment.texts if name in data],
        tables=[
            (one.caption, list(one.columns.values()), table_rows(one, data[one.of]))
            for one in experiment.tables
            if one.of in data
        ],
        plots=[(one.caption, _json(figure)) for one, figure in _there(experiment.plots, data)],
        pictures=[Picture(*picture_address(path), one.caption) for one, path in pictures],
        animations=[
            Picture(*animation_address(path), one.caption)
            for one, path in _there(experiment.animations, data)
        ],
        thumbnail=_thumbnail(*pictures[0]) if pictures else None,
    )


def _there(every: Sequence[Shown], data: Mapping[str, Any]) -> Iterator[tuple[Shown, Any]]:
    return ((one, data[one.of]) for one in every if one.of in data)


def _thumbnail(one: Shown, path: Path) -> Picture:
    return Picture(*picture_address(path, width=THUMBNAIL), one.caption)


def _html(text: str) -> str:
    from markdown_it import MarkdownIt

    return str(MarkdownIt("js-default").render(text))


def _json(figure: Any) -> str:
    figure.update_layout(title=None, autosize=True, width=None, margin={"t": 30, "r": 20})
    return str(figure.to_json()).replace("</", "<\\/")


def render_page(experiments: Sequence[Experiment], lab: ExperimentResults) -> str:
    """The whole page, which needs nothing but itself; experiments in their order."""
    from plotly.offline import get_plotlyjs

    found = {one.pipeline: build_section(one, lab) for one in experiments}
    ran = [one for one in found.values() if one]
    environment = Environment(
        loader=PackageLoader("atelier.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        lab=lab,
        sections=ran,
        missing=[one for one in experiments if not found[one.pipeline]],
        plotly=get_plotlyjs() if any(one.plots for one in ran) else "",
    )

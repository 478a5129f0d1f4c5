"""What an experiment asks and what it found: for the report's cards and for MLflow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atelier.report.experiments import CaptionedFigure, Experiment
from atelier.report.values import Value, find_metric, format_measure


@dataclass(frozen=True)
class Card:
    """The question of an experiment, its numbers and its main figure.

    Attributes:
        title: The experiment's title.
        question: What it asks.
        measures: The numbers that exist, since parameters decide which metrics a run makes; the
            first one is the headline.
        figure: The main figure with its caption; None if there is none.
    """

    title: str
    question: str
    measures: tuple[Value, ...] = ()
    figure: CaptionedFigure | None = None

    @property
    def headline(self) -> Value | None:
        """The first number; None if there is none."""
        return self.measures[0] if self.measures else None


def build_card(experiment: Experiment, datasets: Mapping[str, Any]) -> Card:
    """Returns the card of an experiment.

    Args:
        experiment: Its question, and the measures and pictures in the order of their weight.
        datasets: The datasets that exist, by name.
    """
    pictures = (picture for picture in experiment.pictures if picture.of in datasets)
    return Card(
        title=experiment.title,
        question=experiment.question,
        measures=tuple(
            format_measure(measure, datasets[measure.of])
            for measure in experiment.measures
            if find_metric(measure, datasets.get(measure.of, {}))
        ),
        figure=next(pictures, None),
    )


def describe_value(value: Value) -> str:
    """Returns a number with what it measures.

    Examples:
        >>> describe_value(Value("accuracy on test digits", "98.20 %", "97.1 … 98.9", "900", None))
        'accuracy on test digits 98.20 %'
    """
    return f"{value.label} {value.text}"

"""Types of ``experiments.yml``: the question, measures, tables and pictures of each experiment."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from atelier.params import Params

Dataset = Annotated[str, Field(pattern=r"^\w+\.\w+$")]


class Measure(Params):
    """One number out of a ``_metrics`` dataset.

    Attributes:
        of: The dataset.
        value: Name of the metric. An asterisk stands for any part of it; the first metric that
            fits is shown.
        label: The text beside it, in which an asterisk is that part.
        unit: A share is shown in percent or per mille.
        digits: Number of decimals.
        interval: The bounds are ``<interval>_low`` and ``<interval>_high``; by default ``value``.
        n: Name of the metric with the sample size.
    """

    of: Dataset
    value: str
    label: str
    unit: Literal["", "%", "‰"] = ""
    digits: Annotated[int, Field(ge=0, le=6)] = 2
    interval: str | None = None
    n: str = "n"


class CaptionedFigure(Params):
    """A picture, an animation or an interactive plot, with its caption."""

    of: Dataset
    caption: str


class Table(Params):
    """Columns of a ``_table`` dataset by their headings, and the largest number of rows."""

    of: Dataset
    caption: str
    columns: dict[str, str]
    rows: Annotated[int, Field(gt=0)] = 12


class Experiment(Params):
    """An experiment: its pipeline, and what the page shows of it."""

    pipeline: str
    title: str
    question: str
    source: str
    measures: tuple[Measure, ...] = ()
    texts: tuple[Dataset, ...] = ()
    tables: tuple[Table, ...] = ()
    plots: tuple[CaptionedFigure, ...] = ()
    pictures: tuple[CaptionedFigure, ...] = ()
    animations: tuple[CaptionedFigure, ...] = ()

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of all datasets that the page shows."""
        numbers = [*(item.of for item in self.measures), *(item.of for item in self.tables)]
        figures = [item.of for item in (*self.plots, *self.pictures, *self.animations)]
        return tuple(dict.fromkeys([*self.texts, *numbers, *figures]))

    def in_namespace(self, namespace: str) -> "Experiment":
        """Returns the experiment with the datasets of one namespace only.

        Args:
            namespace: The first part of the names of the datasets.
        """
        kinds = ("measures", "tables", "plots", "pictures", "animations")
        fields: dict[str, tuple[Any, ...]] = {
            kind: tuple(item for item in getattr(self, kind) if _is_in(item.of, namespace))
            for kind in kinds
        }
        fields["texts"] = tuple(name for name in self.texts if _is_in(name, namespace))
        return self.model_copy(update=fields)


def _is_in(dataset: str, namespace: str) -> bool:
    return dataset.split(".", maxsplit=1)[0] == namespace


EXPERIMENTS = TypeAdapter(tuple[Experiment, ...])

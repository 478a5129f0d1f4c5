"""What the page tells of each experiment: its question, measures, tables and pictures, by name."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from atelier.params import Params

Dataset = Annotated[str, Field(pattern=r"^\w+\.\w+$")]


class Measure(Params):
    """One number out of a ``_metrics`` dataset.

    Its interval is ``<value>_low`` and ``<value>_high``, and its n is called ``n``, unless named.
    """

    of: Dataset
    value: str
    label: str
    unit: Literal["", "%", "‰"] = ""
    digits: Annotated[int, Field(ge=0, le=6)] = 2
    interval: str | None = None
    n: str = "n"


class Shown(Params):
    """A picture, an animation or an interactive plot, with what it shows in words."""

    of: Dataset
    caption: str


class Table(Params):
    """Columns of a ``_table`` dataset under the page's names, and how many rows at most."""

    of: Dataset
    caption: str
    columns: dict[str, str]
    rows: Annotated[int, Field(gt=0)] = 12


class Experiment(Params):
    """An experiment: the pipeline that makes it, and what is told of it."""

    pipeline: str
    title: str
    question: str
    source: str
    measures: tuple[Measure, ...] = ()
    texts: tuple[Dataset, ...] = ()
    tables: tuple[Table, ...] = ()
    plots: tuple[Shown, ...] = ()
    pictures: tuple[Shown, ...] = ()
    animations: tuple[Shown, ...] = ()

    @property
    def datasets(self) -> tuple[str, ...]:
        """All that the page reads for it."""
        figures = [one.of for one in (*self.plots, *self.pictures, *self.animations)]
        numbers = [one.of for one in self.measures] + [one.of for one in self.tables]
        return tuple(dict.fromkeys([*self.texts, *numbers, *figures]))


EXPERIMENTS = TypeAdapter(tuple[Experiment, ...])

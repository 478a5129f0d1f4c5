"""What a lab has: datasets by name, and the run that made each experiment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Run:
    """A run of the tracker: when it began, how to do it again, where to look at it."""

    run_id: str
    began: str
    command: str
    page: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lab:
    """The environment's name, the moment in words, what datasets are there, runs by pipeline.

    ``datasets`` gives for a metrics dataset a mapping, for a table a frame, for a text a string,
    for a plot a plotly figure, for a picture or animation the path of its file.
    """

    edition: str
    written: str
    datasets: Mapping[str, Any]
    runs: Mapping[str, Run]
    sources: Mapping[str, str] = field(default_factory=dict)

"""Types of ``conf/base/schedules.yml``: what runs when."""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    model_validator,
)

from atelier.params import Params

Plain = str | int | float | bool
FIELDS = re.compile(r"@(hourly|daily|weekly|monthly|yearly)|\S+( \S+){4}")


def _cron(text: str) -> str:
    if not FIELDS.fullmatch(text):
        raise ValueError(f"Expected five fields, as in '0 2 * * *', or @daily. Received: {text!r}")
    return text


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"Expected a time zone such as Europe/Berlin. Received: {name!r}")
    return name


def _plain(value: Plain) -> Plain:
    if isinstance(value, str) and "," in value:
        raise ValueError(f"Expected a value without a comma. Received: {value!r}")
    return value


def _several(pipelines: Any) -> Any:
    return [pipelines] if isinstance(pipelines, str) else pipelines


class After(Params):
    """Another pipeline's end as the trigger, on one of its metrics if ``metric`` names one."""

    pipeline: str
    metric: str | None = None
    above: float = 0.0


class Schedule(Params):
    """Pipelines that one run of the scheduler runs, and what starts it: ``cron`` or ``after``.

    ``timeout`` is in seconds, for each pipeline; ``retries`` count for the whole run.
    """

    pipeline: Annotated[tuple[str, ...], BeforeValidator(_several), Field(min_length=1)]
    cron: Annotated[str, AfterValidator(_cron)] | None = None
    after: After | None = None
    timezone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    environment: str = "base"
    parameters: dict[str, Annotated[Plain, AfterValidator(_plain)]] = Field(default_factory=dict)
    retries: Annotated[int, Field(ge=0)] = 0
    timeout: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _has_one_trigger(self) -> "Schedule":
        if (self.cron is None) == (self.after is None):
            raise ValueError(
                f"Expected either cron or after. Received: cron={self.cron}, after={self.after}"
            )
        return self


NAME = Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")]
SCHEDULES = TypeAdapter(dict[NAME, Schedule], config=ConfigDict(hide_input_in_errors=True))


def read_schedules(
    written: Mapping[str, Any], pipelines: Mapping[str, Any], environments: set[str]
) -> dict[str, Schedule]:
    """The schedules that ``written`` describes, checked.

    Raises:
        ValueError: For a bad key or value, a pipeline that is not registered, or an environment
            without a folder in conf/.
    """
    schedules = SCHEDULES.validate_python(dict(written))
    for name, one in schedules.items():
        named = (*one.pipeline, *([one.after.pipeline] if one.after else []))
        for pipeline in named:
            if pipeline not in pipelines:
                raise ValueError(
                    f"Expected schedule '{name}' to name one of {sorted(pipelines)}. "
                    f"Received: {pipeline!r}"
                )
        if one.environment not in environments:
            raise ValueError(
                f"Expected schedule '{name}' to name one of {sorted(environments)}. "
                f"Received: {one.environment!r}"
            )
    return schedules

"""Types of ``conf/base/schedules.yml``: which pipelines run when."""

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

METRIC = re.compile(r"\w+\.\w+/\S+")


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


def _as_list(pipelines: Any) -> Any:
    return [pipelines] if isinstance(pipelines, str) else pipelines


def _metric(name: str) -> str:
    if not METRIC.fullmatch(name):
        raise ValueError(
            "Expected a metric as the scheduler's page shows it: NAMESPACE.NAME/METRIC, such as "
            f"digits.batch/drifted. Received: {name!r}"
        )
    return name


class After(Params):
    """The end of a pipeline as the trigger, if ``metric``, where it is set, exceeds ``above``."""

    pipeline: str
    metric: Annotated[str, AfterValidator(_metric)] | None = None
    above: float = 0.0


class Schedule(Params):
    """The pipelines of one run of the scheduler, and what starts it: ``cron`` or ``after``.

    ``timeout`` is in seconds for each pipeline; ``retries`` are of the whole run.
    """

    pipeline: Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]
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
    content: Mapping[str, Any], pipelines: Mapping[str, Any], environments: set[str]
) -> dict[str, Schedule]:
    """Validates the schedules of a project.

    Args:
        content: The content of ``schedules.yml``.
        pipelines: The registered pipelines by name.
        environments: The folders of ``conf/``.

    Returns:
        The schedules by name.

    Raises:
        ValueError: If a key or a value is wrong, if a pipeline is not registered, or if an
            environment has no folder in ``conf/``.
    """
    schedules = SCHEDULES.validate_python(dict(content))
    for name, schedule in schedules.items():
        trigger = [schedule.after.pipeline] if schedule.after else []
        for pipeline in (*schedule.pipeline, *trigger):
            if pipeline not in pipelines:
                raise ValueError(
                    f"Expected schedule '{name}' to name one of {sorted(pipelines)}. "
                    f"Received: {pipeline!r}"
                )
        if schedule.environment not in environments:
            raise ValueError(
                f"Expected schedule '{name}' to name one of {sorted(environments)}. "
                f"Received: {schedule.environment!r}"
            )
    return schedules

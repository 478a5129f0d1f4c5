"""Dagster's view of the project: a pipeline is an asset, conf/base/schedules.yml says when."""

from typing import Any

import dagster as dg
from kedro_runs import UNCHANGED, KedroRun, run_module, run_pipeline

PLAN = run_module("atelier.operations.plan")


def asset(name: str, needs: list[str], description: str) -> dg.AssetsDefinition:
    """Returns a pipeline as an asset, whose pool admits one run at a time.

    Args:
        name: The pipeline.
        needs: The pipelines that make its inputs.
        description: The text of the asset's page.
    """

    @dg.asset(name=name, deps=needs, description=description, pool=name, kinds={"kedro", "mlflow"})
    def pipeline(context: dg.AssetExecutionContext, config: KedroRun) -> dg.MaterializeResult[None]:
        return run_pipeline(name, config, context.run_id)

    return pipeline


def job(name: str, entry: dict[str, Any]) -> Any:
    """Returns the job of a schedule: pipelines in order; a retry begins at the failed one."""
    settings = {
        "environment": entry["environment"],
        "parameters": {key: str(value) for key, value in entry["parameters"].items()},
        "timeout": entry["timeout"],
    }
    return dg.define_asset_job(
        name,
        selection=entry["pipeline"],
        config={
            "ops": {pipeline: {"config": settings} for pipeline in entry["pipeline"]},
            "loggers": {"console": {"config": {"log_level": "WARNING"}}},
        },
        tags={
            "dagster/max_retries": str(entry["retries"]),
            "dagster/retry_strategy": "FROM_FAILURE",
        },
        executor_def=dg.in_process_executor,
    )


def clock_schedule(name: str, entry: dict[str, Any]) -> dg.ScheduleDefinition:
    """Returns the schedule that starts a job at the entry's times."""
    return dg.ScheduleDefinition(
        name=f"{name}_schedule",
        job_name=name,
        cron_schedule=entry["cron"],
        execution_timezone=entry["timezone"],
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def pipeline_sensor(name: str, entry: dict[str, Any]) -> dg.SensorDefinition:
    """Returns the sensor that starts a job after a pipeline, if its metric exceeds a value.

    It looks at every end of the pipeline since it looked last, where Dagster's own asset sensor
    looks at the last one only: of a run that changed something and one without a change soon
    after, that one would see nothing to follow.
    """
    pipeline, metric, above = (entry["after"][key] for key in ("pipeline", "metric", "above"))

    @dg.sensor(
        job_name=name,
        name=f"{name}_sensor",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=15,
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        ends = _ends_since(context, dg.AssetKey(pipeline))
        if not ends:
            return dg.SkipReason(f"{pipeline} has not ended since")
        context.update_cursor(str(ends[-1].storage_id))
        obstacles = {str(end.storage_id): _obstacle(end, metric, above) for end in ends}
        requests = [dg.RunRequest(run_key=key) for key, text in obstacles.items() if not text]
        if not requests:
            return dg.SkipReason("; ".join(f"{pipeline}: {text}" for text in obstacles.values()))
        return dg.SensorResult(run_requests=requests)

    return sensor


def _ends_since(context: dg.SensorEvaluationContext, key: dg.AssetKey) -> list[dg.EventLogRecord]:
    """Returns the ends of a pipeline since the last evaluation, oldest first; at first the last."""
    since = int(context.cursor) if context.cursor else None
    found = context.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=key, after_storage_id=since),
        limit=100 if context.cursor else 1,
        ascending=bool(context.cursor),
    )
    return list(found.records)


def _obstacle(end: dg.EventLogRecord, metric: str | None, above: float) -> str:
    """Returns why nothing follows an end of a pipeline; empty where something does."""
    ended = end.asset_materialization
    metadata = ended.metadata if ended else {}
    if UNCHANGED in metadata:
        return "unchanged"
    if not metric:
        return ""
    logged = metadata.get(metric)
    value = logged.value if isinstance(logged, dg.FloatMetadataValue) else None
    return "" if value is not None and value > above else f"{metric} is {value}, not above {above}"


SCHEDULES = PLAN["schedules"]
defs = dg.Definitions(
    assets=[asset(name, **fields) for name, fields in PLAN["pipelines"].items()],
    jobs=[job(name, entry) for name, entry in SCHEDULES.items()],
    schedules=[clock_schedule(name, entry) for name, entry in SCHEDULES.items() if entry["cron"]],
    sensors=[pipeline_sensor(name, entry) for name, entry in SCHEDULES.items() if entry["after"]],
)

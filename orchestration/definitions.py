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
    """Returns the sensor that starts a job after a pipeline, if its metric exceeds a value."""
    pipeline, metric, above = (entry["after"][key] for key in ("pipeline", "metric", "above"))

    @dg.asset_sensor(
        asset_key=dg.AssetKey(pipeline),
        job_name=name,
        name=f"{name}_sensor",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=15,
    )
    def sensor(
        context: dg.SensorEvaluationContext, event: dg.EventLogEntry
    ) -> dg.RunRequest | dg.SkipReason:
        ended = event.asset_materialization
        if ended and UNCHANGED in ended.metadata:
            return dg.SkipReason(f"{pipeline} has not changed since its last run")
        logged = ended.metadata.get(metric) if ended and metric else None
        value = logged.value if isinstance(logged, dg.FloatMetadataValue) else None
        if metric and not (value is not None and value > above):
            return dg.SkipReason(f"{metric} is {value}, not above {above}")
        return dg.RunRequest(run_key=context.cursor)

    return sensor


SCHEDULES = PLAN["schedules"]
defs = dg.Definitions(
    assets=[asset(name, **fields) for name, fields in PLAN["pipelines"].items()],
    jobs=[job(name, entry) for name, entry in SCHEDULES.items()],
    schedules=[clock_schedule(name, entry) for name, entry in SCHEDULES.items() if entry["cron"]],
    sensors=[pipeline_sensor(name, entry) for name, entry in SCHEDULES.items() if entry["after"]],
)

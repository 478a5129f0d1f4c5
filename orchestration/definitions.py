"""Dagster's view of the project: a pipeline is an asset, conf/base/schedules.yml says when."""

from typing import Any

import dagster as dg
from kedro_runs import KedroRun, ask, run_pipeline

PLAN = ask("atelier.operations.plan")


def asset(name: str, needs: list[str], description: str) -> dg.AssetsDefinition:
    """The pipeline ``name``; its pool holds one run at a time."""

    @dg.asset(name=name, deps=needs, description=description, pool=name, kinds={"kedro", "mlflow"})
    def pipeline(context: dg.AssetExecutionContext, config: KedroRun) -> dg.MaterializeResult[None]:
        return run_pipeline(name, config, context.run_id)

    return pipeline


def job(name: str, entry: dict[str, Any]) -> Any:
    """The pipelines of one entry, one after the other; a retry begins with the one that failed."""
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


def by_the_clock(name: str, entry: dict[str, Any]) -> dg.ScheduleDefinition:
    """Starts the job ``name`` at the entry's times."""
    return dg.ScheduleDefinition(
        name=f"{name}_schedule",
        job_name=name,
        cron_schedule=entry["cron"],
        execution_timezone=entry["timezone"],
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def after_another(name: str, entry: dict[str, Any]) -> dg.SensorDefinition:
    """Starts the job ``name`` when another pipeline has ended, on its metric if one is named."""
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
        shown = ended.metadata.get(metric) if ended and metric else None
        value = shown.value if isinstance(shown, dg.FloatMetadataValue) else None
        if metric and not (value is not None and value > above):
            return dg.SkipReason(f"{metric} is {value}, not above {above}")
        return dg.RunRequest(run_key=context.cursor)

    return sensor


SCHEDULES = PLAN["schedules"]
defs = dg.Definitions(
    assets=[asset(name, **facts) for name, facts in PLAN["pipelines"].items()],
    jobs=[job(name, entry) for name, entry in SCHEDULES.items()],
    schedules=[by_the_clock(name, entry) for name, entry in SCHEDULES.items() if entry["cron"]],
    sensors=[after_another(name, entry) for name, entry in SCHEDULES.items() if entry["after"]],
)

"""Every pipeline by its name, and the ones that ``kedro run`` alone runs."""

from kedro.pipeline import Pipeline

from atelier.pipelines import (
    activation_maximization,
    calibration,
    clustering,
    drift,
    dropout,
    gradients,
    ingest,
    maxout,
    promote,
    report,
    segmentation,
    style_transfer,
    sweep,
    thresholding,
    train,
)


def register_pipelines() -> dict[str, Pipeline]:
    """The pipelines of ``kedro run --pipeline NAME``; data decides the order of the default."""
    pipelines = {
        "ingest": ingest.create_pipeline(),
        "train": train.create_pipeline(),
        "activation_maximization": activation_maximization.create_pipeline(),
        "calibration": calibration.create_pipeline(),
        "clustering": clustering.create_pipeline(),
        "dropout": dropout.create_pipeline(),
        "gradients": gradients.create_pipeline(),
        "maxout": maxout.create_pipeline(),
        "segmentation": segmentation.create_pipeline(),
        "style_transfer": style_transfer.create_pipeline(),
        "sweep": sweep.create_pipeline(),
        "thresholding": thresholding.create_pipeline(),
    }
    by_name_only = {
        "drift": drift.create_pipeline(),
        "promote": promote.create_pipeline(),
        "rollback": promote.create_rollback(),
    }
    every = sum(pipelines.values(), Pipeline([]))
    whole = every + report.create_pipeline(after=every)
    return pipelines | {"report": report.create_pipeline()} | by_name_only | {"__default__": whole}

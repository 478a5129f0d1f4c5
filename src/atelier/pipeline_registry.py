"""Every pipeline by its name, and the pipelines of the default run."""

import inspect

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

EXPERIMENTS = {
    "ingest": ingest.create_pipeline,
    "train": train.create_pipeline,
    "activation_maximization": activation_maximization.create_pipeline,
    "calibration": calibration.create_pipeline,
    "clustering": clustering.create_pipeline,
    "dropout": dropout.create_pipeline,
    "gradients": gradients.create_pipeline,
    "maxout": maxout.create_pipeline,
    "segmentation": segmentation.create_pipeline,
    "style_transfer": style_transfer.create_pipeline,
    "sweep": sweep.create_pipeline,
    "thresholding": thresholding.create_pipeline,
}
"""The pipelines that ``kedro run`` alone runs, before it writes the report of their results."""
BY_NAME = {
    "report": report.create_pipeline,
    "drift": drift.create_pipeline,
    "promote": promote.create_pipeline,
    "rollback": promote.create_rollback,
}
"""The pipelines that ``kedro run --pipeline NAME`` alone runs as they stand here."""


def register_pipelines() -> dict[str, Pipeline]:
    """Returns every pipeline by its name; datasets decide the order of the default run."""
    experiments = {name: create() for name, create in EXPERIMENTS.items()}
    by_name = {name: create() for name, create in BY_NAME.items()}
    results = sum(experiments.values(), Pipeline([]))
    default = results + report.create_pipeline(after=results)
    return experiments | by_name | {"__default__": default}


def describe_pipelines() -> dict[str, str]:
    """Returns the docstring of each pipeline's module by the pipeline's name."""
    factories = EXPERIMENTS | BY_NAME
    return {
        name: inspect.getdoc(inspect.getmodule(create)) or "" for name, create in factories.items()
    }

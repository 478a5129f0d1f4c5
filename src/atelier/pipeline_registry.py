"""Every pipeline by its name, and the pipelines of the default run."""

import inspect
from functools import cache

from kedro.pipeline import Pipeline

from atelier.pipelines import (
    activation_maximization,
    annotation,
    calibration,
    clustering,
    compare,
    drift,
    dropout,
    gradients,
    ingest,
    maxout,
    predict,
    promote,
    report,
    segment,
    segmentation,
    style_transfer,
    sweep,
    thresholding,
    train,
    trainability,
)

EXPERIMENTS = {
    "thresholding": thresholding.create_pipeline,
    "ingest": ingest.create_pipeline,
    "gradients": gradients.create_pipeline,
    "clustering": clustering.create_pipeline,
    "dropout": dropout.create_pipeline,
    "train": train.create_pipeline,
    "calibration": calibration.create_pipeline,
    "activation_maximization": activation_maximization.create_pipeline,
    "maxout": maxout.create_pipeline,
    "sweep": sweep.create_pipeline,
    "trainability": trainability.create_pipeline,
    "style_transfer": style_transfer.create_pipeline,
    "segmentation": segmentation.create_pipeline,
}
"""The pipelines that ``kedro run`` alone runs, before it writes the report of their results.

Those that come first run first, as far as their inputs allow: the quick ones.
"""
BY_NAME = {
    "report": report.create_pipeline,
    "compare": compare.create_pipeline,
    "drift": drift.create_pipeline,
    "annotation": annotation.create_pipeline,
    "segment": segment.create_pipeline,
    "predict": predict.create_pipeline,
    "promote": promote.create_pipeline,
    "rollback": promote.create_rollback,
}
"""The pipelines that ``kedro run --pipeline NAME`` alone runs as they stand here."""

ON_FILES = {
    "activation_maximization.model": activation_maximization.create_model_pipeline,
    "calibration.logits": calibration.create_logits_pipeline,
    "gradients.model": gradients.create_model_pipeline,
}
"""Pipelines on a user's file: ``kedro run --pipeline calibration --params logits=FILE`` runs
``calibration.logits`` in place of ``calibration``.
"""


def register_pipelines() -> dict[str, Pipeline]:
    """Returns every pipeline by its name, the default first, as Kedro-Viz lists them.

    Datasets decide the order of the default run.
    """
    return dict(_pipelines())


@cache
def _pipelines() -> dict[str, Pipeline]:
    """Creates the pipelines once in a process: a command asks for them twice."""
    experiments = {name: in_namespace(create(), name) for name, create in EXPERIMENTS.items()}
    by_name = {name: in_namespace(create(), name) for name, create in BY_NAME.items()}
    on_files = {
        name: in_namespace(create(), name.split(".")[0]) for name, create in ON_FILES.items()
    }
    results = Pipeline(list(experiments.values()))
    default = results + report.create_pipeline(after=results)
    return {"__default__": default} | experiments | by_name | on_files


def in_namespace(pipeline: Pipeline, name: str) -> Pipeline:
    """Returns a pipeline with its nodes in the namespace of its name; datasets keep their names.

    Args:
        pipeline: Its nodes may have namespaces, which become parts of the new one.
        name: The name of the pipeline.
    """
    if all((node.namespace or "").split(".")[0] == name for node in pipeline.nodes):
        return pipeline
    return Pipeline(pipeline, namespace=name, prefix_datasets_with_namespace=False)


def describe_pipelines() -> dict[str, str]:
    """Returns the docstring of each pipeline's module by the pipeline's name."""
    factories = EXPERIMENTS | BY_NAME
    return {
        name: inspect.getdoc(inspect.getmodule(create)) or "" for name, create in factories.items()
    }

"""The record of all experiments as one page."""

from atelier.pipelines.report.pipeline import create_pipeline

__all__ = ["create_pipeline"]

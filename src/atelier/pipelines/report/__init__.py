"""The report pipeline."""

from atelier.pipelines.report.pipeline import create_pipeline

__all__ = ["create_pipeline"]

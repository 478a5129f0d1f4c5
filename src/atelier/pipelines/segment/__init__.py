"""The segment pipeline."""

from atelier.pipelines.segment.pipeline import create_pipeline

__all__ = ["create_pipeline"]

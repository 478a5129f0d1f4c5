"""The maxout pipeline."""

from atelier.pipelines.maxout.pipeline import create_pipeline

__all__ = ["create_pipeline"]

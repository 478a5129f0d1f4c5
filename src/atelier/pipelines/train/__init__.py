"""The train pipeline."""

from atelier.pipelines.train.pipeline import create_pipeline

__all__ = ["create_pipeline"]

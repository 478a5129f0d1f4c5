"""The annotation pipeline."""

from atelier.pipelines.annotation.pipeline import create_pipeline

__all__ = ["create_pipeline"]

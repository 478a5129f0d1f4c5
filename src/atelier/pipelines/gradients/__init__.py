"""The gradients pipeline."""

from atelier.pipelines.gradients.pipeline import create_pipeline

__all__ = ["create_pipeline"]

"""The gradients pipeline."""

from atelier.pipelines.gradients.pipeline import create_model_pipeline, create_pipeline

__all__ = ["create_model_pipeline", "create_pipeline"]

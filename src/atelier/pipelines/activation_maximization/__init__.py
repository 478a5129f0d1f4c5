"""The activation maximization pipeline."""

from atelier.pipelines.activation_maximization.pipeline import (
    create_model_pipeline,
    create_pipeline,
)

__all__ = ["create_model_pipeline", "create_pipeline"]

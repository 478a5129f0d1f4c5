"""The dropout pipeline."""

from atelier.pipelines.dropout.pipeline import create_pipeline

__all__ = ["create_pipeline"]

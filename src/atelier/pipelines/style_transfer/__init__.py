"""The style transfer pipeline."""

from atelier.pipelines.style_transfer.pipeline import create_pipeline

__all__ = ["create_pipeline"]

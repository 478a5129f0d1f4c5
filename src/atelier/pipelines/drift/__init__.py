"""The drift pipeline."""

from atelier.pipelines.drift.pipeline import create_pipeline

__all__ = ["create_pipeline"]

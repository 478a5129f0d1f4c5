"""Optimizers, dropout and learning rates, all at once."""

from atelier.pipelines.sweep.pipeline import create_pipeline

__all__ = ["create_pipeline"]

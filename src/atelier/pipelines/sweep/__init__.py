"""Pipeline of the sweep over optimizers, dropout and learning rates."""

from atelier.pipelines.sweep.pipeline import create_pipeline

__all__ = ["create_pipeline"]

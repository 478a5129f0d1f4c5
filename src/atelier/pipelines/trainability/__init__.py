"""Pipeline of the border between convergence and divergence in the plane of two learning rates."""

from atelier.pipelines.trainability.pipeline import create_pipeline

__all__ = ["create_pipeline"]

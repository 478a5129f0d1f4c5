"""The promote and rollback pipelines."""

from atelier.pipelines.promote.pipeline import create_pipeline, create_rollback

__all__ = ["create_pipeline", "create_rollback"]

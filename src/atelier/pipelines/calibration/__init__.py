"""The calibration pipeline."""

from atelier.pipelines.calibration.pipeline import create_logits_pipeline, create_pipeline

__all__ = ["create_logits_pipeline", "create_pipeline"]

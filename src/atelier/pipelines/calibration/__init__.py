"""The calibration pipeline."""

from atelier.pipelines.calibration.logits_pipeline import create_logits_pipeline
from atelier.pipelines.calibration.pipeline import create_pipeline

__all__ = ["create_logits_pipeline", "create_pipeline"]

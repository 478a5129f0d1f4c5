"""The calibration pipeline."""

from atelier.pipelines.calibration.pipeline import create_pipeline

__all__ = ["create_pipeline"]

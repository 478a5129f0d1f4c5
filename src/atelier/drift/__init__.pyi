from . import figures as figures
from .detection import (
    ImageStatistics,
    batch_images,
    drift_metrics,
    image_statistics,
    reference_density,
    two_sample_tests,
)
from .params import DriftParams
from .power import (
    alarm_rate,
    changed_images,
    false_alarm_metrics,
    mix_out_of_distribution,
    power_table,
)

__all__ = [
    "DriftParams",
    "ImageStatistics",
    "alarm_rate",
    "batch_images",
    "changed_images",
    "drift_metrics",
    "false_alarm_metrics",
    "figures",
    "image_statistics",
    "mix_out_of_distribution",
    "power_table",
    "reference_density",
    "two_sample_tests",
]

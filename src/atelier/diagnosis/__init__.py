"""Why a gradient is missing."""

from atelier.diagnosis.reasons import Diagnosis, diagnose_gradient
from atelier.diagnosis.showcase import showcase
from atelier.diagnosis.state import changed_variables, plain, restored, undone_assignments

__all__ = [
    "Diagnosis",
    "changed_variables",
    "diagnose_gradient",
    "plain",
    "restored",
    "showcase",
    "undone_assignments",
]

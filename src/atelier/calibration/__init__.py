"""How much to believe a prediction: measures, calibrators, densities.

The calibrators are imported when they are first asked for: the measures need NumPy alone.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atelier.calibration.calibrators import CALIBRATORS, Calibrator

__all__ = ["CALIBRATORS", "Calibrator"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from atelier.calibration import calibrators

    return getattr(calibrators, name)

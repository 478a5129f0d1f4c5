from . import figures as figures
from .dimension import BoxDimension, border_cells, box_dimension, mean_dimension
from .params import ComputationParams, RatePlaneParams, TwoLayerParams
from .problem import TrainingProblem, draw_problem
from .study import train_windows
from .summary import trainability_metrics, border_tables
from .training import train_members
from .windows import Window, zoom_windows

__all__ = [
    "BoxDimension",
    "ComputationParams",
    "RatePlaneParams",
    "TrainingProblem",
    "TwoLayerParams",
    "Window",
    "border_cells",
    "trainability_metrics",
    "border_tables",
    "box_dimension",
    "draw_problem",
    "figures",
    "mean_dimension",
    "train_members",
    "train_windows",
    "zoom_windows",
]

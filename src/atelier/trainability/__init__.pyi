from . import figures as figures
from .dimension import BoxDimension, border_cells, box_dimension, mean_dimension
from .params import ComputationParams, RatePlaneParams, TwoLayerParams
from .problem import TrainingProblem, draw_problem
from .study import train_windows
from .summary import border_tables, trainability_metrics
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
    "border_tables",
    "box_dimension",
    "draw_problem",
    "figures",
    "mean_dimension",
    "train_members",
    "train_windows",
    "trainability_metrics",
    "zoom_windows",
]

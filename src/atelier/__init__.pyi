from . import activation_maximization as activation_maximization
from . import calibration as calibration
from . import cells as cells
from . import clustering as clustering
from . import comparison as comparison
from . import data as data
from . import drift as drift
from . import dropout as dropout
from . import evaluation as evaluation
from . import gradients as gradients
from . import maxout as maxout
from . import promotion as promotion
from . import segmentation as segmentation
from . import style_transfer as style_transfer
from . import sweep as sweep
from . import thresholding as thresholding
from . import trainability as trainability
from . import training as training

__version__: str

__all__ = [
    "activation_maximization",
    "calibration",
    "cells",
    "clustering",
    "comparison",
    "data",
    "drift",
    "dropout",
    "evaluation",
    "gradients",
    "maxout",
    "promotion",
    "segmentation",
    "style_transfer",
    "sweep",
    "thresholding",
    "trainability",
    "training",
]

from . import figures as figures
from .application import Predictions, check_readable, label_pictures, prediction_metrics
from .executors import choose_executor
from .model import InputRule, ServedModel, with_rule
from .params import LabellingParams
from .selection import decode_pictures
from .sources import PictureSource, open_pictures

__all__ = [
    "InputRule",
    "LabellingParams",
    "PictureSource",
    "Predictions",
    "ServedModel",
    "check_readable",
    "choose_executor",
    "decode_pictures",
    "figures",
    "label_pictures",
    "open_pictures",
    "prediction_metrics",
    "with_rule",
]
